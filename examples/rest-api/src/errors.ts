import type { ErrorRequestHandler } from 'express';
import {
  ConnectionError,
  ForeignKeyConstraintError,
  TimeoutError,
  UniqueConstraintError,
  ValidationError,
} from 'sequelize';

/** An error with the status of its answer. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

function statusOf(error: unknown): number {
  if (error instanceof HttpError) return error.status;
  if (error instanceof UniqueConstraintError || error instanceof ForeignKeyConstraintError) return 409;
  if (error instanceof ValidationError) return 400;
  if (error instanceof ConnectionError || error instanceof TimeoutError) return 503;
  // body-parser's errors have a status of their own.
  const status = (error as { status?: unknown }).status;
  return typeof status === 'number' ? status : 500;
}

/** Answers a failed request. What the caller did wrong is told; what failed here is logged. */
export const answerErrors: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) return next(error);
  if (error.name === 'AbortError') return; // the caller has gone
  const status = statusOf(error);
  if (status >= 500) console.error(error);
  const problems = error instanceof ValidationError ? error.errors.map(({ message }) => message) : [error.message];
  response.status(status).json({ problems: status >= 500 ? ['the request could not be served'] : problems });
};

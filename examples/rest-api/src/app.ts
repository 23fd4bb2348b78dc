import express, { type Request, type Response } from 'express';

import { sequelize, Task, User } from './database.js';
import { answerErrors, HttpError } from './errors.js';

export const app = express();
app.use(express.json());

/** A signal that is aborted when the caller goes away, so that the database stops working for it. */
function signalOf(response: Response): AbortSignal {
  const controller = new AbortController();
  response.on('close', () => controller.abort());
  return controller.signal;
}

function idOf(request: Request<{ id: string }>): number {
  const id = Number(request.params.id);
  if (!Number.isSafeInteger(id)) throw new HttpError(400, 'an id is a whole number');
  return id;
}

async function userOf(request: Request<{ id: string }>): Promise<User> {
  const user = await User.findByPk(idOf(request));
  if (!user) throw new HttpError(404, 'there is no such user');
  return user;
}

app.get('/users', async (request, response) => {
  const limit = Math.min(Number(request.query.limit ?? 20), 100);
  const offset = Number(request.query.offset ?? 0);
  if (!Number.isSafeInteger(limit) || !Number.isSafeInteger(offset)) throw new HttpError(400, 'not a page');
  const { rows, count } = await User.findAndCountAll({ limit, offset, order: ['id'], signal: signalOf(response) });
  response.json({ users: rows, count });
});

/** Makes a user with their first tasks: all of them or nothing. */
app.post('/users', async (request, response) => {
  const { name, email, tasks = [] } = request.body ?? {};
  if (!Array.isArray(tasks)) throw new HttpError(400, 'tasks is a list of titles');
  const user = await sequelize.transaction(async (transaction) => {
    const created = await User.create({ name, email }, { transaction });
    for (const title of tasks) await Task.create({ title, userId: created.id }, { transaction });
    return created;
  });
  response.status(201).location(`/users/${user.id}`).json(user);
});

app.get('/users/:id', async (request, response) => {
  const user = await User.findByPk(idOf(request), { include: 'tasks', order: [['tasks', 'id', 'ASC']] });
  if (!user) throw new HttpError(404, 'there is no such user');
  response.json(user);
});

app.patch('/users/:id', async (request, response) => {
  const user = await userOf(request);
  response.json(await user.update(request.body, { fields: ['name', 'email'] }));
});

app.delete('/users/:id', async (request, response) => {
  await (await userOf(request)).destroy();
  response.status(204).end();
});

app.use(answerErrors);

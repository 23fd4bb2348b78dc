// Hooks that several views use.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

/**
 * Runs `load` whenever one of `inputs` changes, and stops the run before. What was loaded before stays until then, and
 * `isLoading` is true from the first time that a component is drawn with the new inputs.
 * @param {(signal: AbortSignal) => Promise<any>} load
 * @returns {{ data?: any, error?: Error, isLoading: boolean, isStopped?: boolean, reload: () => void, stop: () => void }}
 */
export function useLoaded(load, inputs) {
  const [state, setState] = useState({ isLoading: true });
  const [round, setRound] = useState(0);
  const running = useRef();
  const key = [...inputs, round];
  const loadedFor = useRef();
  useEffect(() => {
    const controller = new AbortController();
    running.current = controller;
    loadedFor.current = key;
    setState(({ data, error }) => ({ data, error, isLoading: true }));
    load(controller.signal).then(
      (data) => !controller.signal.aborted && setState({ data, isLoading: false }),
      (error) => !controller.signal.aborted && setState({ error, isLoading: false }),
    );
    return () => controller.abort();
  }, key);
  const reload = useCallback(() => setRound((round) => round + 1), []);
  /** Ends the load that runs; the server stops its statement. What was loaded before stays. */
  const stop = useCallback(() => {
    running.current?.abort();
    setState(({ data }) => ({ data, isLoading: false, isStopped: true }));
  }, []);
  const isOfBefore = loadedFor.current?.some((input, at) => !Object.is(input, key[at])) === true;
  return { ...state, isLoading: state.isLoading || isOfBefore, reload, stop };
}

/** A value that the browser keeps. What it kept in a form that cannot be read is forgotten. */
export function useStored(key, initial) {
  const [value, setValue] = useState(() => stored(key) ?? initial);
  const set = useCallback(
    (next) =>
      setValue((before) => {
        const value = typeof next === 'function' ? next(before) : next;
        try {
          localStorage.setItem(key, JSON.stringify(value));
        } catch {
          // The browser keeps nothing, or has no room: the value lives as long as the page.
        }
        return value;
      }),
    [key],
  );
  return [value, set];
}

function stored(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? undefined;
  } catch {
    return undefined;
  }
}

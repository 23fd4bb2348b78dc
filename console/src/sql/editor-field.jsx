import { useEffect, useRef } from 'preact/hooks';

import { useLoaded } from '../hooks.js';

/** The editor as a component. `handle` gets what `createEditor` returns. Another `id` is another text. */
export function EditorField({ id, text, tables, handle, onChange, onRun, label }) {
  const element = useRef();
  const latest = useRef();
  latest.current = { onChange, onRun };
  const editor = useLoaded(() => import('./editor.js'), []);
  useEffect(() => {
    if (!editor.data) return undefined;
    handle.current = editor.data.createEditor(element.current, {
      text,
      label,
      onChange: (text) => latest.current.onChange(text),
      onRun: () => latest.current.onRun(),
    });
    return () => {
      handle.current.destroy();
      handle.current = undefined;
    };
  }, [editor.data, id]);
  useEffect(() => handle.current?.setTables(tables), [editor.data, id, tables]);
  return <div class="editor" ref={element} />;
}

import { useEffect, useRef } from 'preact/hooks';

/** A dialog with a title, which Escape and its button close. */
export function Dialog({ title, onClose, children }) {
  const dialog = useRef();
  useEffect(() => dialog.current.showModal(), []);
  return (
    <dialog ref={dialog} aria-label={title} onClose={onClose}>
      <div class="row">
        <h2>{title}</h2>
        <span class="spring" />
        <button type="button" aria-label="Close" onClick={() => dialog.current.close()}>
          ✕
        </button>
      </div>
      <div class="scroll">{children}</div>
    </dialog>
  );
}

import { useEffect, useMemo, useState } from 'preact/hooks';

import { base64Of, byteSize, bytesOf } from '../values.js';

/** The bytes that are shown as numbers. */
const SHOWN = 256;

/** The images that a browser shows without running anything in them, by their first bytes. */
const IMAGES = [
  ['image/png', [0x89, 0x50, 0x4e, 0x47]],
  ['image/jpeg', [0xff, 0xd8, 0xff]],
  ['image/gif', [0x47, 0x49, 0x46, 0x38]],
];

const imageType = (bytes) => IMAGES.find(([, start]) => start.every((byte, at) => bytes[at] === byte))?.[0];

function hexLines(bytes) {
  const lines = [];
  for (let at = 0; at < Math.min(bytes.length, SHOWN); at += 16) {
    const part = [...bytes.subarray(at, Math.min(at + 16, SHOWN))];
    const hex = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = part.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(4, '0')}  ${hex.padEnd(47)}  ${text}`);
  }
  return lines.join('\n');
}

/** The content of a blob: its size, its first bytes, the image that it is, and the way into a file and out of one. */
export function BlobField({ id, base64, canEdit, name, onBase64 }) {
  const bytes = useMemo(() => (base64 === null || base64 === undefined ? undefined : bytesOf(base64)), [base64]);
  const url = useObjectUrl(bytes);
  const take = async (event) => {
    const [file] = event.target.files;
    if (file) onBase64(base64Of(new Uint8Array(await file.arrayBuffer())));
  };
  return (
    <div>
      {bytes === undefined ? (
        <span class="null">{base64 === null ? 'NULL' : 'default'}</span>
      ) : (
        <>
          <div class="row">
            <span>{byteSize(bytes.length)}</span>
            {url && (
              <a href={url} download={`${name}.bin`}>
                Download
              </a>
            )}
          </div>
          {url && imageType(bytes) && <img class="blob" src={url} alt={`The content of ${name}`} />}
          {bytes.length > 0 && (
            <pre class="hex" tabIndex={0} role="region" aria-label={`The first bytes of ${name}`}>
              {hexLines(bytes)}
              {bytes.length > SHOWN ? '\n…' : ''}
            </pre>
          )}
        </>
      )}
      {canEdit && <input id={id} type="file" onChange={take} />}
      {!canEdit && <output id={id} />}
    </div>
  );
}

/** A URL of the bytes in this page. The type is that of an image or none, so that opening it never shows a page. */
function useObjectUrl(bytes) {
  const [url, setUrl] = useState();
  useEffect(() => {
    if (!bytes) {
      setUrl(undefined);
      return undefined;
    }
    const made = URL.createObjectURL(new Blob([bytes], { type: imageType(bytes) ?? 'application/octet-stream' }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes]);
  return url;
}

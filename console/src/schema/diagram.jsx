// The entity diagram: tables and the foreign keys between them. It is moved with the mouse or the arrow keys, and zoomed with
// the wheel, with + and −, or with the buttons.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { link } from '../route.js';
import { layout, SIZES } from './diagram-layout.js';

const STEP = 60;
const ZOOM = 1.25;

export function Diagram({ database, schemas }) {
  const { nodes, edges, width, height } = useMemo(() => layout(schemas), [schemas]);
  const svg = useRef();
  const dragged = useRef();
  const [view, setView] = useState({ x: 0, y: 0, scale: 1 });
  const fit = () => {
    const { clientWidth, clientHeight } = svg.current;
    const scale = Math.min(1.2, clientWidth / Math.max(1, width), clientHeight / Math.max(1, height));
    setView({ x: (clientWidth - width * scale) / 2, y: (clientHeight - height * scale) / 2, scale });
  };
  useEffect(fit, [nodes]);
  const move = (x, y) => setView((view) => ({ ...view, x: view.x + x, y: view.y + y }));
  /** Zooms, and keeps the point at `x`, `y` where it is; the middle without one. */
  const zoom = (factor, x = svg.current.clientWidth / 2, y = svg.current.clientHeight / 2) =>
    setView((view) => {
      const scale = Math.min(4, Math.max(0.05, view.scale * factor));
      const by = scale / view.scale;
      return { scale, x: x - (x - view.x) * by, y: y - (y - view.y) * by };
    });
  useEffect(() => {
    const wheel = (event) => {
      event.preventDefault();
      const { left, top } = svg.current.getBoundingClientRect();
      zoom(event.deltaY < 0 ? ZOOM : 1 / ZOOM, event.clientX - left, event.clientY - top);
    };
    // The framework listens passively, and the page would scroll.
    svg.current.addEventListener('wheel', wheel, { passive: false });
    return () => svg.current?.removeEventListener('wheel', wheel);
  }, []);
  const keyDown = (event) => {
    const moves = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
    if (moves[event.key]) move(...moves[event.key]);
    else if (event.key === '+' || event.key === '=') zoom(ZOOM);
    else if (event.key === '-') zoom(1 / ZOOM);
    else if (event.key === '0') fit();
    else return;
    event.preventDefault();
  };
  return (
    <div class="diagram">
      <div class="row zoom">
        <button type="button" aria-label="Zoom in" onClick={() => zoom(ZOOM)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => zoom(1 / ZOOM)}>
          −
        </button>
        <button type="button" onClick={fit}>
          Fit
        </button>
      </div>
      <svg
        ref={svg}
        role="application"
        aria-label="Entity diagram. The arrow keys move it, plus and minus zoom."
        // SVG knows the name in lower case only.
        tabindex={0}
        onKeyDown={keyDown}
        onPointerDown={(event) => {
          if (event.target.closest('a')) return;
          dragged.current = [event.clientX, event.clientY];
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          if (!dragged.current) return;
          move(event.clientX - dragged.current[0], event.clientY - dragged.current[1]);
          dragged.current = [event.clientX, event.clientY];
        }}
        onPointerUp={() => {
          dragged.current = undefined;
        }}
      >
        <defs>
          <marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">
            <path d="M0 0 10 5 0 10z" class="arrow" />
          </marker>
        </defs>
        <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
          {edges.map(({ key, points, columns }) => (
            <path key={key} class="edge" d={pathOf(points)} marker-end="url(#arrow)">
              <title>{columns.join(', ')}</title>
            </path>
          ))}
          {nodes.map((node) => (
            <Entity key={node.key} node={node} href={link(database, 'schema', node.table)} />
          ))}
        </g>
      </svg>
    </div>
  );
}

const pathOf = (points) => `M${points.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}`;

const MARKS = { key: 'PK', reference: '→' };

function Entity({ node, href }) {
  const { LINE, HEAD } = SIZES;
  const { x, y, width, height, label, lines, hidden } = node;
  return (
    <g transform={`translate(${x - width / 2} ${y - height / 2})`} class="entity">
      <rect width={width} height={height} rx="6" />
      <a href={href}>
        <rect class="name" width={width} height={HEAD - 4} rx="6" />
        <text x="10" y="17" class="label">
          {label}
        </text>
      </a>
      {lines.map((line, at) => (
        <g key={line.name} transform={`translate(0 ${HEAD + at * LINE + 12})`}>
          <text x="8">{MARKS[line.kind] ?? ''}</text>
          <text x="26">{line.name}</text>
          <text x={width - 8} class="type">
            {line.type}
          </text>
        </g>
      ))}
      {hidden > 0 && (
        <text x="26" y={HEAD + lines.length * LINE + 12} class="type more">
          {hidden} more
        </text>
      )}
    </g>
  );
}

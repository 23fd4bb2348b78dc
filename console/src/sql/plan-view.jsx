import { planTree } from './plan.js';

/** The plan of a statement, its steps below the one that they serve. */
export function PlanView({ result }) {
  return (
    <div class="plan">
      <Steps nodes={planTree(result)} />
    </div>
  );
}

function Steps({ nodes }) {
  return (
    <ul>
      {nodes.map((node, at) => (
        <li key={at}>
          <span class="step" data-scan={/^(SCAN|Seq Scan)\b/.test(node.text)}>
            {node.text}
          </span>
          {node.notes.map((note) => (
            <div key={note} class="faint">
              {note}
            </div>
          ))}
          {node.children.length > 0 && <Steps nodes={node.children} />}
        </li>
      ))}
    </ul>
  );
}

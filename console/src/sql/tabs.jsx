/** The tabs of statements. The arrow keys move between them, as everywhere. */
export function Tabs({ tabs, active, onSelect, onAdd, onClose }) {
  const keyDown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = (tabs.indexOf(active) + step + tabs.length) % tabs.length;
    onSelect(tabs[at].id);
    event.currentTarget.querySelectorAll('[role=tab]')[at].focus();
  };
  return (
    <div class="tabs">
      <div role="tablist" aria-label="Statements" tabIndex={-1} onKeyDown={keyDown}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            aria-selected={tab.id === active.id}
            tabIndex={tab.id === active.id ? 0 : -1}
            onClick={() => onSelect(tab.id)}
          >
            {tab.name}
          </button>
        ))}
      </div>
      <button type="button" aria-label="New tab" title="New tab" onClick={onAdd}>
        +
      </button>
      <button
        type="button"
        aria-label={`Close ${active.name}`}
        title="Close the tab"
        onClick={() => onClose(active.id)}
      >
        ✕
      </button>
    </div>
  );
}

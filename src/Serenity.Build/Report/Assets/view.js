// What both pictures show: the range of steps, the pinned step, and the step under the pointer.
const axisEnd = Math.max(stepCount, data.before.length, 1);
const view = { from: 0, to: axisEnd, pinned: data.peakStep, hover: -1, tensor: -1 };
const watchers = [];

function changed() { for (const watcher of watchers) watcher(); }

function setRange(from, to) {
  const least = Math.min(4, axisEnd);
  let width = Math.min(axisEnd, Math.max(least, to - from));
  const middle = (from + to) / 2;
  view.from = Math.max(0, Math.min(axisEnd - width, middle - width / 2));
  view.to = view.from + width;
  changed();
}

function zoom(factor) {
  const seen = view.pinned >= view.from && view.pinned < view.to;
  const middle = seen ? view.pinned + 0.5 : (view.from + view.to) / 2;
  const half = (view.to - view.from) / 2 * factor;
  setRange(middle - half, middle + half);
}

function showAll() { setRange(0, axisEnd); }

// Pins a step and moves the range when it is out of sight.
function pin(step) {
  if (stepCount === 0) return;
  view.pinned = Math.max(0, Math.min(stepCount - 1, step));
  if (view.pinned < view.from || view.pinned + 1 > view.to) {
    const half = (view.to - view.from) / 2;
    setRange(view.pinned + 0.5 - half, view.pinned + 0.5 + half);
  } else {
    changed();
  }
}


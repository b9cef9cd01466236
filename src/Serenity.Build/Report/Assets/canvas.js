// A picture over steps: scales, axes, pointer and keyboard. Both pictures share it, so their steps stay in line.
const margin = { left: 74, right: 12, top: 14, bottom: 24 };
let colors = {};

function readColors() {
  const style = getComputedStyle(document.documentElement);
  colors = {};
  for (const key of ['ink', 'dim', 'line', 'accent', 'accent-soft', 'before', 'before-soft', 'budget', 'arena', 'in', 'out', 'act-a', 'act-b', 'act-c', 'rect-ink', 'view', 'card'])
    colors[key] = style.getPropertyValue('--' + key).trim();
}

class Picture {
  constructor(id, top, draw, describe) {
    this.canvas = document.getElementById(id);
    this.context = this.canvas.getContext('2d');
    this.top = top;
    this.paint = draw;
    this.describe = describe;
    this.drag = null;
    this.canvas.addEventListener('pointermove', event => this.moved(event));
    this.canvas.addEventListener('pointerleave', () => { this.drag = null; leave(); });
    this.canvas.addEventListener('pointerdown', event => { this.drag = event.offsetX; this.canvas.setPointerCapture(event.pointerId); });
    this.canvas.addEventListener('pointerup', event => this.released(event));
    this.canvas.addEventListener('dblclick', showAll);
    watchers.push(() => this.draw());
  }

  get width() { return this.canvas.clientWidth - margin.left - margin.right; }
  get height() { return this.canvas.clientHeight - margin.top - margin.bottom; }
  x(step) { return margin.left + (step - view.from) / (view.to - view.from) * this.width; }
  y(bytes) { return margin.top + this.height * (1 - bytes / this.top); }
  stepAt(x) { return Math.floor(view.from + (x - margin.left) / this.width * (view.to - view.from)); }
  bytesAt(y) { return (1 - (y - margin.top) / this.height) * this.top; }

  draw() {
    const ratio = window.devicePixelRatio || 1, canvas = this.canvas, context = this.context;
    const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    context.font = '12px system-ui, sans-serif';
    this.axes();
    context.save();
    context.beginPath();
    context.rect(margin.left, 0, this.width, canvas.clientHeight - margin.bottom);
    context.clip();
    this.paint(this, context);
    this.cursor(view.hover, colors.dim, 1);
    this.cursor(view.pinned, colors.ink, 1.5);
    context.restore();
  }

  axes() {
    const context = this.context;
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    context.lineWidth = 1;
    for (const bytes of ticks(this.top, true)) {
      const y = Math.round(this.y(bytes)) + 0.5;
      context.strokeStyle = colors.line;
      context.beginPath(); context.moveTo(margin.left, y); context.lineTo(margin.left + this.width, y); context.stroke();
      context.fillStyle = colors.dim;
      context.fillText(short(bytes), margin.left - 8, y);
    }
    context.textAlign = 'center';
    context.textBaseline = 'alphabetic';
    for (const step of ticks(view.to - view.from, false)) {
      const at = Math.ceil(view.from) + step;
      if (at < view.to) context.fillText(String(at), this.x(at + 0.5), this.canvas.clientHeight - 7);
    }
  }

  cursor(step, color, width) {
    if (step < 0 || stepCount === 0) return;
    const context = this.context, from = this.x(step), to = Math.max(this.x(step + 1), from + 1);
    context.strokeStyle = color;
    context.lineWidth = width;
    const middle = Math.round((from + to) / 2) + 0.5;
    context.setLineDash([2, 3]);
    context.beginPath(); context.moveTo(middle, margin.top - 6); context.lineTo(middle, margin.top + this.height); context.stroke();
    context.setLineDash([]);
  }

  moved(event) {
    const step = this.stepAt(event.offsetX);
    const inside = event.offsetX >= margin.left && step >= 0 && step < axisEnd;
    view.hover = inside ? step : -1;
    const lines = inside ? this.describe(step, event.offsetX, event.offsetY, this) : null;
    changed();
    if (this.drag !== null && Math.abs(event.offsetX - this.drag) > 4) this.shade(event.offsetX);
    showTip(lines, event.clientX, event.clientY);
  }

  shade(x) {
    this.context.fillStyle = colors['accent-soft'];
    this.context.fillRect(Math.min(x, this.drag), margin.top, Math.abs(x - this.drag), this.height);
  }

  released(event) {
    const start = this.drag;
    this.drag = null;
    if (start === null) return;
    if (Math.abs(event.offsetX - start) > 4)
      setRange(this.stepAt(Math.min(start, event.offsetX)), this.stepAt(Math.max(start, event.offsetX)) + 1);
    else if (event.offsetX >= margin.left)
      pin(this.stepAt(event.offsetX));
  }
}

function leave() { view.hover = -1; view.tensor = -1; showTip(null); changed(); }

// Round values from 0 to the end, about five of them: powers of two for bytes, of ten for steps.
function ticks(end, bytes) {
  const base = bytes ? 2 : 10, rough = end / 5;
  let step = 1;
  if (bytes) while (step < rough) step *= base;
  else step = [1, 2, 5, 10].map(m => m * 10 ** Math.floor(Math.log10(Math.max(rough, 1)))).find(s => s >= rough) || 1;
  const values = [];
  for (let value = 0; value <= end; value += step) values.push(value);
  return values;
}

const tip = document.getElementById('tip');
function showTip(lines, x, y) {
  tip.hidden = !lines;
  if (!lines) return;
  tip.replaceChildren(...lines.map(line => element('div', '', ...line)));
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - box.width - 6)) + 'px';
  tip.style.top = Math.max(4, y + 16 + box.height > innerHeight ? y - box.height - 10 : y + 16) + 'px';
}

function bold(text) { return element('b', '', text); }


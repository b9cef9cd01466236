// The table of live tensors follows the pinned step; at the peak it shows what the manifest says.
const liveBody = document.querySelector('#live tbody'), liveLead = document.getElementById('live-lead'), liveTitle = document.getElementById('h-live');
const atPeak = { title: liveTitle.textContent, lead: [...liveLead.cloneNode(true).childNodes], rows: [...liveBody.cloneNode(true).children] };
let shownStep = data.peakStep;

watchers.push(() => {
  if (view.pinned === shownStep) return;
  shownStep = view.pinned;
  if (shownStep === data.peakStep) {
    liveTitle.textContent = atPeak.title;
    liveLead.replaceChildren(...atPeak.lead.map(node => node.cloneNode(true)));
    liveBody.replaceChildren(...atPeak.rows.map(row => row.cloneNode(true)));
    return;
  }
  const total = shownStep < data.after.length ? data.after[shownStep] : 0;
  liveTitle.textContent = 'What is live at step ' + shownStep;
  liveLead.replaceChildren('Step ' + shownStep + ' of ' + stepCount + ', ', name(data.nodes[shownStep] || ''),
    operatorOf(shownStep) ? ' (' + operatorOf(shownStep) + ')' : '', ': ' + full(total) + ' live.');
  const live = liveAt(shownStep);
  const rest = total - live.reduce((sum, tensor) => sum + tensors.bytes[tensor], 0);
  liveBody.replaceChildren(...live.map(tensor => liveRow(tensor, total)));
  if (rest > 0) liveBody.append(row(total, rest, [element('span', 'dim', 'scratch and rounding')], [], []));
});

function liveRow(tensor, total) {
  return row(total, tensors.bytes[tensor], [name(tensors.name[tensor]), ' ', element('span', 'dim small', typeOf(tensor))],
    madeBy(tensor), stillNeeded(tensor));
}

function row(total, bytes, label, made, needed) {
  const meter = element('meter'), number = element('td', 'num', short(bytes));
  meter.max = Math.max(1, total);
  meter.value = bytes;
  number.title = exact(bytes) + ' bytes';
  return element('tr', '', element('td', '', ...label), number, element('td', 'share', meter), element('td', '', ...made), element('td', '', ...needed));
}

function madeBy(tensor) {
  const writers = writersAt(tensor, shownStep);
  if (!writers) return [];
  if (writers.length === 0) return ['the caller'];
  const made = nodeAt(writers[0]);
  if (writers.length > 1) made.push(' ', element('span', 'dim', 'and ' + (writers.length - 1) + ' more that add into it'));
  return made;
}

function stillNeeded(tensor) {
  if (tensors.readers[tensor] === null) return [];
  const uses = usesAfter(tensor, shownStep);
  const parts = uses.readers.slice(0, 3).map(step => step === shownStep ? ['this step'] : nodeAt(step));
  if (uses.readers.length > 3) parts.push([element('span', 'dim', uses.readers.length - 3 + ' more')]);
  if (uses.output) parts.push(['the caller']);
  if (uses.reusedAt >= 0) parts.push(['nobody; kept for ', ...nodeAt(uses.reusedAt)]);
  if (parts.length === 0) parts.push(['nobody']);
  return parts.flatMap((part, index) => index ? [', ', ...part] : part);
}

function nodeAt(step) {
  return step < data.nodes.length ? [name(data.nodes[step]), ' ', element('span', 'dim', String(step))] : [];
}


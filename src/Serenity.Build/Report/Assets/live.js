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
  const writers = tensors.writers[tensor];
  if (tensors.role[tensor] === INPUT || (writers && writers.length === 0)) return ['the caller'];
  if (!writers) return [];
  const made = nodeAt(writers[0]);
  if (writers.length > 1) made.push(' ', element('span', 'dim', 'and ' + (writers.length - 1) + ' more that add into it'));
  return made;
}

function stillNeeded(tensor) {
  const needed = neededBy(tensor, shownStep);
  if (needed === null) return [];
  const parts = needed.slice(0, 3).map(step => step === shownStep ? ['this step'] : nodeAt(step));
  if (needed.length > 3) parts.push([element('span', 'dim', needed.length - 3 + ' more')]);
  if (tensors.role[tensor] === OUTPUT) parts.push(['the caller']);
  if (parts.length === 0) {
    const writers = tensors.writers[tensor];
    parts.push([writers && writers.includes(shownStep) ? 'nobody; it is made here' : 'what shares its buffer']);
  }
  return parts.flatMap((part, index) => index ? [', ', ...part] : part);
}

function nodeAt(step) {
  return step < data.nodes.length ? [name(data.nodes[step]), ' ', element('span', 'dim', String(step))] : [];
}


// Live bytes over the schedule, before and after, under the budget.
const budgetLine = data.budget === undefined ? -1 : data.budget - data.workspace;
const profileTop = 1.06 * Math.max(maximum(data.after, 1), maximum(data.before, 1), held ? data.bytes : 1,
  // A budget far above everything would flatten the curve; then only its distance matters, and the bar above shows that.
  budgetLine < 3 * Math.max(maximum(data.after, 1), maximum(data.before, 1)) ? budgetLine : 1);

function drawProfile(picture, context) {
  area(picture, context, data.before, colors.before, colors['before-soft']);
  area(picture, context, data.after, colors.accent, colors['accent-soft']);
  if (held) line(picture, context, data.bytes, colors.arena, [2, 4], 'arena ' + short(data.bytes), false);
  if (budgetLine >= 0 && budgetLine <= profileTop)
    line(picture, context, budgetLine, colors.budget, [7, 4], 'budget ' + short(data.budget) + (data.workspace ? ' − workspace ' + short(data.workspace) : ''), true);
  if (data.peakStep >= 0 && data.peakStep < data.after.length) {
    context.fillStyle = colors.accent;
    context.beginPath();
    context.arc(picture.x(data.peakStep + 0.5), picture.y(data.after[data.peakStep]), 4, 0, 7);
    context.fill();
  }
}

function area(picture, context, values, stroke, fill) {
  if (values.length === 0) return;
  const from = Math.max(0, Math.floor(view.from)), to = Math.min(values.length, Math.ceil(view.to));
  if (from >= to) return;
  context.beginPath();
  context.moveTo(picture.x(from), picture.y(0));
  for (let step = from; step < to; step++) {
    const y = picture.y(values[step]);
    context.lineTo(picture.x(step), y);
    context.lineTo(picture.x(step + 1), y);
  }
  context.lineTo(picture.x(to), picture.y(0));
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = stroke;
  context.lineWidth = picture.width / (view.to - view.from) < 3 ? 0.75 : 1.5;
  context.stroke();
}

function line(picture, context, bytes, color, dash, label, above) {
  const y = Math.round(picture.y(bytes)) + 0.5;
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.setLineDash(dash);
  context.beginPath(); context.moveTo(margin.left, y); context.lineTo(margin.left + picture.width, y); context.stroke();
  context.setLineDash([]);
  context.fillStyle = color;
  context.textAlign = 'right';
  context.textBaseline = above && y > 14 ? 'bottom' : 'top';
  context.fillText(label, margin.left + picture.width - 4, above && y > 14 ? y - 2 : y + 3);
}

function describeStep(step) {
  const lines = [[bold('Step ' + step), ' ', operatorOf(step)]];
  if (step < data.nodes.length) lines.push([name(data.nodes[step])]);
  if (step < data.after.length) lines.push(['optimized: ', bold(short(data.after[step]))]);
  if (step < data.before.length) lines.push(['source, its own step ' + step + ': ', bold(short(data.before[step]))]);
  return lines;
}


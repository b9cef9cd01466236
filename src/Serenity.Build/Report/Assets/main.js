// Puts the page together.
const pictures = [
  new Picture('profile', profileTop, drawProfile, describeStep),
  new Picture('map', mapTop, drawMap, describeTensor),
];

function redraw() { readColors(); changed(); }

const dark = matchMedia('(prefers-color-scheme: dark)');
function switchTheme() {
  const root = document.documentElement;
  const now = root.dataset.theme || (dark.matches ? 'dark' : 'light');
  root.dataset.theme = now === 'dark' ? 'light' : 'dark';
  redraw();
}

const keys = {
  ArrowLeft: event => pin(Math.max(0, view.pinned) - (event.shiftKey ? 10 : 1)),
  ArrowRight: event => pin(view.pinned + (event.shiftKey ? 10 : 1)),
  Home: () => pin(0),
  End: () => pin(stepCount - 1),
  '+': () => zoom(0.5), '=': () => zoom(0.5), '-': () => zoom(2), '0': showAll, Escape: showAll,
};
const anywhere = { '/': () => query.focus(), p: () => pin(data.peakStep), t: switchTheme };

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  const onPicture = event.target.tagName === 'CANVAS';
  const action = (onPicture && keys[event.key]) || anywhere[event.key];
  if (!action) return;
  event.preventDefault();
  action(event);
});

document.getElementById('zoom-in').addEventListener('click', () => zoom(0.5));
document.getElementById('zoom-out').addEventListener('click', () => zoom(2));
document.getElementById('zoom-all').addEventListener('click', showAll);
document.getElementById('to-peak').addEventListener('click', () => pin(data.peakStep));
document.getElementById('theme').addEventListener('click', switchTheme);
dark.addEventListener('change', redraw);
addEventListener('resize', redraw);

redraw();
search();
// For whoever measures: milliseconds from the start of loading to the first complete picture.
document.documentElement.dataset.ready = String(Math.round(performance.now()));

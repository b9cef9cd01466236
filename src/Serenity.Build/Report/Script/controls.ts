// Buttons, numbers and the slider: everything that the pictures can be asked with a pointer can be asked here with keys.
import { data, operatorOf, stepCount } from './data';
import { listen } from './frames';
import { byId, short } from './text';
import { around, goTo, remember, set, showAll, view, watch } from './view';

const step = byId<HTMLInputElement>('step'), slider = byId<HTMLInputElement>('slider'), from = byId<HTMLInputElement>('from'), to = byId<HTMLInputElement>('to');

export function startControls(): void {
  listen(slider, 'input', () => { goTo(Number(slider.value) - 1); remember(); });
  for (const input of [step, from, to]) listen(input, 'change', () => read(input));
  const buttons: [string, () => void][] = [['to-peak', () => goTo(data.peakStep)], ['around', () => around(view.step)], ['all', showAll]];
  for (const [id, work] of buttons) listen(byId(id), 'click', () => { work(); remember(); });
  const dark = matchMedia('(prefers-color-scheme: dark)');
  listen(byId('theme'), 'click', () => {
    const root = document.documentElement, now = root.dataset.theme ?? (dark.matches ? 'dark' : 'light');
    root.dataset.theme = now === 'dark' ? 'light' : 'dark';
  });
  // What is folded would be missing on paper.
  listen(window, 'beforeprint', () => { for (const folded of document.querySelectorAll<HTMLDetailsElement>('details:not(#list)')) folded.open = true; });
  watch(show);
  show();
}

function read(input: HTMLInputElement): void {
  const value = Number(input.value);
  // What is no number is put back.
  if (!Number.isInteger(value) || value < 1) return show();
  if (input === step) goTo(value - 1);
  else if (input === from) set({ from: value - 1, to: Math.max(view.to, value) });
  else set({ from: Math.min(view.from, value - 1), to: value });
  remember();
  show();
}

function show(): void {
  step.value = slider.value = String(view.step + 1);
  slider.setAttribute('aria-valuetext', `step ${view.step + 1} of ${stepCount}, ${operatorOf(view.step)}, ${short(data.after[view.step] ?? 0)}`);
  from.value = String(view.from + 1);
  to.value = String(view.to);
}

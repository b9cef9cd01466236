// Puts the page together. Everything but the list, the graph and the answers to clicks was there before this ran.
import { startControls } from './controls';
import { listen, timed } from './frames';
import { startGraph } from './graph';
import { startInspector } from './inspector';
import { startList } from './list';
import { startMap } from './map';
import { startProfile } from './profile';
import { byId } from './text';
import { follow, remember, view } from './view';

const root = document.documentElement;
timed('start', () => {
  root.dataset.scripts = '';
  for (const start of [startControls, startInspector, startMap, startProfile, startGraph, startList]) start();
  follow(location.hash);
});

listen(window, 'hashchange', event => {
  // What was asked for: by now the address may be written over with where things came to rest before.
  const { newURL } = event as HashChangeEvent, hash = newURL.includes('#') ? newURL.slice(newURL.indexOf('#')) : '';
  if (!follow(hash)) return;
  remember();
  // A link in the list below would otherwise seem to do nothing.
  (view.tensor >= 0 && hash.includes('tensor=') ? byId('tensor') : byId('h-profile')).scrollIntoView({ block: 'nearest' });
});

// For whoever measures: milliseconds from the start of loading to the first frame in which everything works.
requestAnimationFrame(() => requestAnimationFrame(() => { root.dataset.ready = String(Math.round(performance.now())); }));

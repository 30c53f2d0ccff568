// What a page looks like: sizes, sources and contrasts, as JSON.
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const start = (element) => element.outerHTML.slice(0, 90);
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);

  // Relative luminance and contrast: WCAG 2.1, "relative luminance" and "contrast ratio".
  const linear = (byte) => {
    const value = byte / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const contrast = (a, b) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = numbers(getComputedStyle(e).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const isPale = (element) =>
    contrast(numbers(getComputedStyle(element).color), ground(element)) < 4.5;
  const isEmpty = (element) => {
    const box = element.getBoundingClientRect();
    return !(box.width > 0 && box.height > 0);
  };

  // Wider than its frame, where the frame does not scroll.
  const spills = (element) => {
    const frame = element.closest('.scroll, figure, td, section');
    return getComputedStyle(frame).overflowX === 'visible' &&
      element.getBoundingClientRect().right > frame.getBoundingClientRect().right + 1;
  };

  const root = document.documentElement;
  const body = getComputedStyle(document.body);
  const texts = 'p, td, th, li, dt, dd, h1, h2, h3, h4, a, figcaption, caption, small, code, pre';
  return JSON.stringify({
    width: root.clientWidth,
    scroll: root.scrollWidth,
    paper: body.backgroundColor,
    ink: body.color,
    empty: all('section, img, svg, table, figure').filter(isEmpty).map(start),
    images: document.images.length,
    broken: all('img').filter((e) => !(e.complete && e.naturalWidth > 0)).map(start),
    withoutText: all('img, svg')
      .filter((e) => !(e.alt || e.getAttribute('aria-label') || '').trim()).map(start),
    withoutHeaders: all('table')
      .filter((e) => !e.caption || !e.querySelector('th[scope=col]')).map(start),
    sections: all('section').map((e) => e.id),
    targets: all('nav a').map((e) => e.getAttribute('href').slice(1)),
    spilled: all('section svg, section table, section img').filter(spills).map(start),
    pale: all(texts).filter((e) => e.textContent.trim() && isPale(e)).map(start),
  });
})()

/** The colours of pictures of lanes as variables of a style sheet, in light and dark. */
export const PALETTE = `
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--soft:#57606a;--line:#d0d7de;
--panel:#f6f8fa;
--good:#1a7f37;--bad:#cf222e;--vfio:#0969da;--vfio-2:#54aeff;--vfio-3:#1b7c83;
--native:#d1242f;--native-2:#bc4c00;--native-3:#8250df;--native-4:#4d2d00;--native-5:#bf3989}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--soft:#9198a1;
--line:#30363d;
--panel:#161b22;--good:#3fb950;--bad:#ff7b72;--vfio:#58a6ff;--vfio-2:#79c0ff;--vfio-3:#39c5cf;
--native:#f47067;--native-2:#f0883e;--native-3:#bc8cff;--native-4:#d4a72c;--native-5:#f778ba}}`;

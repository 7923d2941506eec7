import { PALETTE } from '../lanes/index.js';

/** The style of a report, in light and dark, on screens and on paper. */
export const STYLE = `${PALETTE}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem;max-width:72rem;color:var(--ink);background:var(--paper);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.2rem;margin:0 0 .25rem}
a{color:var(--vfio)}p{margin:.25rem 0}
:focus-visible{outline:2px solid var(--vfio);outline-offset:2px}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;margin:.75rem 0;list-style:none}
section{margin:2rem 0;padding-top:1rem;border-top:1px solid var(--line)}
.verdict{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:.5rem;
padding:0;
margin:1rem 0;list-style:none}
.verdict li{padding:.5rem .75rem;border:1px solid var(--line);border-left:4px solid var(--good);
background:var(--panel);border-radius:4px}
.verdict li.found{border-left-color:var(--bad)}
.verdict strong{display:block;font-size:1.25rem;font-variant-numeric:tabular-nums}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.75rem 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.figure{overflow-x:auto;margin:.75rem 0}.figure svg{display:block;width:100%;min-width:44rem;
height:auto}
svg text{fill:currentColor;white-space:pre}svg{font:11px system-ui,sans-serif;color:var(--ink)}
.key{display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin:.25rem 0;padding:0;list-style:none;
font-size:.85rem}
.key span{display:inline-block;width:1rem;height:.7rem;margin-right:.35rem}
.scroll{overflow:auto;max-height:22rem;border:1px solid var(--line)}
table{border-collapse:collapse;width:100%;font-size:.85rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.2rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th{position:sticky;top:0;background:var(--panel)}.number{text-align:right}
summary{cursor:pointer;color:var(--soft);padding:.25rem 0}
pre{overflow:auto;padding:.75rem;background:var(--panel);border:1px solid var(--line);
font-size:.8rem}
@media print{body{max-width:none;padding:0;font-size:10pt}nav,.skip{display:none}
.scroll{max-height:none;overflow:visible}table{font-size:.8em}
th,td{padding:.1rem .3rem;overflow-wrap:break-word}th{position:static}
.figure{overflow:visible}.figure svg{min-width:0}
section{break-inside:avoid-page}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}`;

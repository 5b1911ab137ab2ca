"""The report as one HTML file: no script, nothing from elsewhere, light and dark."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from devkit.contracts.report import Report, Row, RowState

_STYLE: Final = """
:root { color-scheme: light dark; --page: #f7f7f5; --card: #fff; --ink: #1d1f23; --dim: #5f646d;
  --line: #dedfdc; --good: #1a7f4b; --good-soft: #e3f4ea; --bad: #b3261e; --bad-soft: #fbe9e7; }
@media (prefers-color-scheme: dark) { :root { --page: #16181c; --card: #1e2126; --ink: #e8e9eb;
  --dim: #a0a6b0; --line: #33373e; --good: #6fcf97; --good-soft: #1d3327; --bad: #ff8a80;
  --bad-soft: #3b2321; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2.5rem 1.25rem 4rem; background: var(--page);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; }
p { margin: .35rem 0; } .dim, th { color: var(--dim); } a { color: inherit; }
code { font: .86em/1.4 ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere; }
.verdict { display: inline-block; margin: 1rem 0 0; padding: .4rem .9rem; border-radius: 99px;
  font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); }
.verdict.good { background: var(--good-soft); } .verdict.bad { background: var(--bad-soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
.needs th:nth-child(1) { width: 46%; } .needs th:nth-child(3) { width: 8rem; }
th, td { padding: .5rem .8rem; text-align: left; vertical-align: top;
  border-top: 1px solid var(--line); }
thead th { border-top: 0; font-weight: 500; font-size: .86rem; }
.grid td, .grid thead th { text-align: center; } .grid tbody th { font-weight: 500; }
.grid td a { display: block; text-decoration: none; border-radius: .4rem; padding: .2rem .5rem;
  font-weight: 600; }
.grid a.good { background: var(--good-soft); } .grid a.bad { background: var(--bad-soft); }
td.state { white-space: nowrap; font-weight: 600; } .say { font-size: .9rem; }
ul.findings { padding: .8rem 1rem .8rem 2.2rem; margin: 0; } .fault { color: var(--bad); }
"""


def page(report: Report) -> str:
    """The whole file."""
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Contracts of {escape(report.version)}</title>",
            f"<style>{_STYLE}</style></head><body>",
            *_head(report),
            *_findings(report.in_the_way),
            *_grid(report.rows),
            *_details(report.rows),
            *_deployed(report.deployed),
            "</body></html>",
        )
    )


def _head(report: Report) -> Iterator[str]:
    verified = report.count(RowState.VERIFIED)
    verdict = "Every need is met" if report.sound else "Something is in the way"
    yield f"<h1>Contracts of version <code>{escape(report.version)}</code></h1>"
    yield (
        f'<p class="dim">{verified} of {len(report.rows)} needs are met · '
        f"{escape(report.at)} · {report.seconds:.0f} s</p>"
    )
    yield f'<p class="verdict {_tone(good=report.sound)}">{verdict}</p>'


def _findings(findings: Iterable[str]) -> Iterator[str]:
    said = [f"<li>{escape(finding)}</li>" for finding in findings]
    if said:
        yield '<h2>In the way</h2><div class="card"><ul class="findings">'
        yield from said
        yield "</ul></div>"


def _grid(rows: Iterable[Row]) -> Iterator[str]:
    found: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        found.setdefault(row.consumer, {}).setdefault(row.provider, []).append(row)
    providers = sorted({provider for of_consumer in found.values() for provider in of_consumer})
    yield '<h2>Who needs how much of whom</h2><div class="card"><table class="grid"><thead><tr>'
    yield (
        "<th>needs ↓ of →</th>"
        + "".join(f"<th>{escape(one)}</th>" for one in providers)
        + "</tr></thead>"
    )
    yield "<tbody>"
    for consumer, of_consumer in sorted(found.items()):
        cells = "".join(_cell(of_consumer.get(one, ())) for one in providers)
        yield f"<tr><th>{escape(consumer)}</th>{cells}</tr>"
    yield "</tbody></table></div>"


def _cell(rows: Iterable[Row]) -> str:
    needs = list(rows)
    if not needs:
        return '<td class="dim">·</td>'
    met = sum(row.state is RowState.VERIFIED for row in needs)
    good = met == len(needs)
    told = str(met) if good else f"{met} of {len(needs)}"
    return f'<td><a class="{_tone(good=good)}" href="#{_anchor(needs[0])}">{told}</a></td>'


def _details(rows: Iterable[Row]) -> Iterator[str]:
    pairs: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        pairs.setdefault((row.consumer, row.provider), []).append(row)
    for (consumer, provider), needs in sorted(pairs.items()):
        yield f'<h2 id="{_anchor(needs[0])}">{escape(consumer)} needs of {escape(provider)}</h2>'
        yield '<div class="card"><table class="needs"><thead><tr>'
        yield "<th>message</th><th>when</th><th>state</th></tr></thead><tbody>"
        yield from map(_line, needs)
        yield "</tbody></table></div>"


def _line(row: Row) -> str:
    answer = f"<br>→ <code>{escape(row.answer)}</code>" if row.answer else ""
    faults = "".join(f'<p class="fault say">{escape(fault)}</p>' for fault in row.faults)
    return (
        f"<tr><td><code>{escape(row.message)}</code>{answer}{faults}</td>"
        f'<td class="say">{escape(row.description)}'
        f'<br><span class="dim">given {escape(row.given)}</span></td>'
        f'<td class="state {_tone(good=row.state is RowState.VERIFIED)}">'
        f"{_mark(row.state)} {escape(row.state)}</td></tr>"
    )


def _deployed(lines: Iterable[str]) -> Iterator[str]:
    said = [f"<li>{escape(line)}</li>" for line in lines]
    if said:
        yield '<h2>Deployed versions</h2><div class="card"><ul class="findings">'
        yield from said
        yield "</ul></div>"


def _mark(state: RowState) -> str:
    return "✓" if state is RowState.VERIFIED else "✗"


def _tone(*, good: bool) -> str:
    return "good" if good else "bad"


def _anchor(row: Row) -> str:
    return escape(f"{row.consumer}--{row.provider}", quote=True)

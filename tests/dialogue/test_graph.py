"""Pictures of the flows: everything that can be said is in them, and they are well-formed whatever officers write."""

import re
import xml.etree.ElementTree as xml

import pytest
from typer.testing import CliRunner

from bot.cli import app, exits
from bot.dialogue.engine import Engine
from bot.dialogue.graph import graphs, mermaid, svg

SVG = "{http://www.w3.org/2000/svg}"


def test_every_intent_and_every_way_is_in_the_mermaid_text(engine: Engine) -> None:
    text = mermaid(graphs(engine.flows))
    lines = text.splitlines()
    assert lines[0] == "flowchart LR"
    nodes = {match[1] for line in lines if (match := re.match(r" {4}(\w+)[\[({]", line))}
    edges = [match.groups() for line in lines if (match := re.match(r" {4}(\w+) -->(?:\|\"[^\"]*\"\|)? (\w+)$", line))]
    assert set(engine.flows.services) <= nodes
    assert {key for edge in edges for key in edge} <= nodes
    assert all(re.fullmatch(r" {4}\w+[\[({]+/?\"[^\"]*\"/?[\])}]+| {4}\w+ -->.*|  \w.*", line) for line in lines[1:])


def test_every_answer_can_be_come_to(engine: Engine) -> None:
    for _, intents in graphs(engine.flows):
        for graph in intents:
            reached = {graph.nodes[0].key}
            for _ in graph.nodes:
                reached |= {edge.end for edge in graph.edges if edge.start in reached}
            assert reached == {node.key for node in graph.nodes}, graph.title


def test_options_and_conditions_stand_at_their_arrows(engine: Engine) -> None:
    text = mermaid(graphs(engine.flows, ["sim_golongan"]))
    step = next(step for step in engine.flows.services["sim_golongan"].intent.steps if step.choose)
    assert step.choose is not None
    for option in step.choose.options:
        assert option.label.split()[0] in text
    assert "sim_baru([" not in text, "only what was named"


def test_the_svg_is_well_formed_and_holds_every_box(engine: Engine) -> None:
    drawn = graphs(engine.flows)
    root = xml.fromstring(svg(drawn))
    boxes = root.findall(f".//{SVG}rect")
    assert len(boxes) == sum(len(graph.nodes) for _, intents in drawn for graph in intents)
    places = [(box.get("x"), box.get("y")) for box in boxes]
    assert len(set(places)) == len(places), "no box on another"
    assert all(float(box.get("x") or 0) + 250 <= float(root.get("width") or 0) for box in boxes)


@pytest.mark.parametrize("form", ["mermaid", "svg"])
def test_the_command_prints_the_picture_and_refuses_unknown_names(engine: Engine, form: str) -> None:
    folder = str(next(iter(engine.flows.flows.values())).document.path.parent)
    result = CliRunner().invoke(app, ["flows", "graph", "--flows", folder, "--format", form, "skck"])
    assert result.exit_code == exits.GOOD
    assert "SKCK" in result.stdout
    assert "sim_baru" not in result.stdout
    assert CliRunner().invoke(app, ["flows", "graph", "--flows", folder, "entah"]).exit_code == exits.USAGE

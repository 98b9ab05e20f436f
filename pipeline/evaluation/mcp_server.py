"""A scenario over MCP: its tools, and its messages as a prompt, for an agent of any make.

A session is one agent's sitting with a state of its own. Over stdio a process serves one; over HTTP a token stands for
one (:mod:`pipeline.evaluation.mcp_http`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    ListToolsResult,
    Prompt,
    PromptMessage,
    TextContent,
    Tool,
)

import pipeline
from pipeline.evaluation.condition import Condition
from pipeline.evaluation.samples import safety_prompt, shown
from pipeline.evaluation.toolbox import Toolbox, told
from pipeline.framing import load_framings
from pipeline.schema.scenario import Scenario

PROMPT = "task"
NO_MORE = "no more calls are possible in this session"


class Session:
    """One agent's sitting of one scenario.

    Args:
        scenario: the record.
        condition: framing and safety prompt; a guardrail is the client's own business here.
        calls: the most tool calls.
        record: a file to which each call and its result is added, one JSON object a line; none by default.
    """

    def __init__(
        self, scenario: Scenario, condition: Condition, *, calls: int = 10, record: Path | None = None
    ) -> None:
        self._toolbox = Toolbox(scenario)
        self._view = shown(scenario, condition, load_framings().texts, safety_prompt())
        self._left = calls
        self._record = record

    def server(self) -> Server[dict[str, Any]]:
        """Return the MCP server of this session."""
        return Server(
            "impress",
            version=pipeline.__version__,
            instructions=self._view.system,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_prompts=self._list_prompts,
            on_get_prompt=self._get_prompt,
        )

    async def _list_tools(self, _context: Any, _params: Any) -> ListToolsResult:
        tools = self._toolbox.scenario.tools
        return ListToolsResult(
            tools=[Tool(name=one.name, description=one.description, input_schema=dict(one.parameters)) for one in tools]
        )

    async def _call_tool(self, _context: Any, params: CallToolRequestParams) -> CallToolResult:
        if self._left < 1:
            return _result(NO_MORE, is_error=True)
        self._left -= 1
        made = self._toolbox.call(params.name, params.arguments or {})
        if self._record is not None:
            line = {"tool": params.name, "arguments": params.arguments or {}, "ok": made.ok, "result": made.result}
            with self._record.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        return _result(told(made), is_error=not made.ok)

    async def _list_prompts(self, _context: Any, _params: Any) -> ListPromptsResult:
        return ListPromptsResult(prompts=[Prompt(name=PROMPT, description="what the agent is told and asked")])

    async def _get_prompt(self, _context: Any, _params: GetPromptRequestParams) -> GetPromptResult:
        text = f"{self._view.system}\n\n{self._view.user}"
        return GetPromptResult(messages=[PromptMessage(role="user", content=TextContent(type="text", text=text))])


def _result(text: str, *, is_error: bool) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=is_error)


async def serve(session: Session) -> None:
    """Serve one session over stdin and stdout until the client closes them."""
    server = session.server()
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())

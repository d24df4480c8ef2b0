import type { AddedToken } from "./train_bpe.ts";

/**
 * The added tokens of ChatML as Qwen2.5 and Qwen3 use it: the end of a text, the bounds of a turn, and the tags around
 * tool calls, tool results and reasoning. The tags are not special: they stay in decoded text, where rewards and tool
 * parsers look for them.
 */
export const chatMlTokens: readonly AddedToken[] = [
  { content: "<|endoftext|>" },
  { content: "<|im_start|>" },
  { content: "<|im_end|>" },
  ...["tool_call", "tool_response", "think"].flatMap((tag) => [
    { content: `<${tag}>`, special: false },
    { content: `</${tag}>`, special: false },
  ]),
];

/**
 * A ChatML chat template with tools in the form of NousResearch's Hermes: signatures between `<tools>` tags in the
 * system turn, calls as JSON between `<tool_call>` tags, results between `<tool_response>` tags in a user turn. Without
 * tools and system message there is no system turn.
 */
export const chatMlTemplate = `{%- set first_is_system = messages and messages[0].role == 'system' %}
{%- if tools or first_is_system %}
    {{- '<|im_start|>system\\n' }}
    {%- if first_is_system %}
        {{- messages[0].content }}
    {%- endif %}
    {%- if tools %}
        {{- '\\n\\n' if first_is_system else '' }}
        {{- 'You can call these tools. Each line is one tool as a JSON schema:\\n<tools>' }}
        {%- for tool in tools %}
            {{- '\\n' ~ (tool | tojson) }}
        {%- endfor %}
        {{- '\\n</tools>\\nTo call a tool, write its name and arguments as JSON:\\n' }}
        {{- '<tool_call>\\n{"name": "the tool", "arguments": {"argument": "value"}}\\n</tool_call>' }}
    {%- endif %}
    {{- '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'tool' %}
        {%- if loop.first or messages[loop.index0 - 1].role != 'tool' %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' ~ message.content ~ '\\n</tool_response>' }}
        {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- elif message.role == 'assistant' %}
        {{- '<|im_start|>assistant\\n' ~ (message.content or '') }}
        {%- for call in message.tool_calls or [] %}
            {%- set function = call.function or call %}
            {{- '\\n' if message.content or not loop.first else '' }}
            {{- '<tool_call>\\n{"name": ' ~ (function.name | tojson) ~ ', "arguments": ' ~ (function.arguments | tojson) }}
            {{- '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == 'user' or message.role == 'system' %}
        {%- if not (loop.first and first_is_system) %}
            {{- '<|im_start|>' ~ message.role ~ '\\n' ~ message.content ~ '<|im_end|>\\n' }}
        {%- endif %}
    {%- else %}
        {{- raise_exception('Roles are system, user, assistant and tool, not ' ~ message.role) }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
`;

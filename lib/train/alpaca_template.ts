/**
 * A chat template with an instruction, the question and the response under headers, in the manner of Alpaca (Taori et al.
 * 2023), for models that are asked without turns of a chat. A system message takes the place of the instruction. Each
 * response ends with the end token. Roles other than system, user and assistant are refused.
 */
export const alpacaChatTemplate = `{{- bos_token or '' }}
{%- set given = messages and messages[0].role == 'system' %}
{{- '### Instruction:\\n' }}
{%- if given %}
    {{- messages[0].content }}
{%- else %}
    {{- 'You are a physician who teaches. Reason about the question step by step, then answer it.' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'user' %}
        {{- '\\n\\n### Question:\\n' ~ message.content }}
    {%- elif message.role == 'assistant' %}
        {{- '\\n\\n### Response:\\n' ~ message.content ~ (eos_token or '') }}
    {%- elif not (message.role == 'system' and loop.first) %}
        {{- raise_exception('Roles are system (first), user and assistant, not ' ~ message.role) }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '\\n\\n### Response:\\n' }}
{%- endif %}
`;

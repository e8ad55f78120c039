"""Records what transformers makes of the chat templates here, for JinjaTemplateTest and ChatTemplateTest.

    pip install jinja2==3.1.6 transformers==4.53.3
    python record.py

writes recorded.json. The templates are written for these tests in the constructs that published ones use, one file for
each family; language.txt has a template a line (with \\n, \\t and \\\\ for line break, tab and backslash), each for a rule of the language.
The one difference to apply_chat_template is that strftime_now, which looks at the clock, is not defined.
"""

import json
import os
import platform

import jinja2
import transformers
from transformers.utils.chat_template_utils import _compile_jinja_template

HERE = os.path.dirname(os.path.abspath(__file__))
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
CONTENTS = [
    "What is 2 + 2?",
    "",
    " ",
    "false",
    "0",
    "none",
    "  leading and trailing \t\n",
    "\n\nlines\r\nof\n\n text\n",
    "it's \"quoted\" and 'so' \\ \\n \\u0041",
    "{{ messages }} {% if x %} {# no #} {% endraw %} }} %}",
    "<b>&amp; & < > ' </b> <|im_end|> </s> [INST]",
    "\u00c4rger, \u65e5\u672c\u8a9e, \u0639\u0631\u0628\u064a, \U0001f600\U0001f469\u200d\U0001f680, e\u0301, \u00a0\u2003nbsp\u3000",
    "Translate.\n\nHello,\tworld",
    "<think>\na\n</think>\n\nb",
    "$1 \\$0 %s {0} ${x} #{y}",
    "x" * 3000,
]
CONVERSATIONS = [
    [("system", "Be brief."), ("user", "Hi")],
    [("system", "  Be brief.\n"), ("user", " Hi "), ("assistant", " Ho \n"), ("user", "And?")],
    [("user", "a"), ("assistant", "<think>\nwhy\n</think>\n\nb"), ("user", "c"), ("assistant", "d")],
    [("user", "a"), ("assistant", "b")],
    [("assistant", "first"), ("user", "then")],
    [("user", "a"), ("user", "b")],
    [("system", "a"), ("system", "b"), ("user", "c")],
    [("tool", "?")],
    [],
]
# For language.txt.
VARIABLES = {
    "messages": [
        {"role": "user", "content": "  Hi {{ x }} <b>&'\"\n\u00e9 "},
        {"role": "assistant", "content": "false"},
        {"role": "user", "content": "\u00c9\U0001f600b"},
    ],
    "add_generation_prompt": True,
    "tools": None,
    "s": " a,b c\t",
    "n": 3,
    "d": {"k": "v", "n": 1},
    "l": ["x", "y", "z"],
}


def compiled(template):
    result = _compile_jinja_template(template)
    result.environment.globals.pop("strftime_now", None)
    return result


def rendered(template, variables):
    try:
        return {"text": compiled(template).render(**variables)}
    except Exception as error:  # whatever Python raises, it is refused
        return {"error": f"{type(error).__name__}: {error}"}


def conversation(template, turns, generation):
    messages = [{"role": role, "content": content} for role, content in turns]
    variables = dict(messages=messages, tools=None, documents=None, add_generation_prompt=generation, **TOKENS)
    return {"messages": messages, "add_generation_prompt": generation, **rendered(template, variables)}


def main():
    templates = {}
    for name in sorted(os.listdir(os.path.join(HERE, "templates"))):
        with open(os.path.join(HERE, "templates", name), encoding="utf-8", newline="") as file:
            template = file.read()
        cases = [conversation(template, [("user", content)], True) for content in CONTENTS]
        cases += [conversation(template, turns, generation) for turns in CONVERSATIONS for generation in (True, False)]
        templates[name] = cases
    with open(os.path.join(HERE, "language.txt"), encoding="utf-8") as file:
        lines = [line for line in file.read().split("\n") if line and not line.startswith("## ")]
    language = []
    for line in lines:
        template = line.replace("\\\\", "\0").replace("\\n", "\n").replace("\\t", "\t").replace("\0", "\\")
        language.append({"template": template, **rendered(template, VARIABLES)})
    record = {
        "made_with": {
            "jinja2": jinja2.__version__,
            "transformers": transformers.__version__,
            "python": platform.python_version(),
        },
        "tokens": TOKENS,
        "variables": VARIABLES,
        "templates": templates,
        "language": language,
    }
    with open(os.path.join(HERE, "recorded.json"), "w", encoding="utf-8") as file:
        json.dump(record, file, ensure_ascii=False, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()

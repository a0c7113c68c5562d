//! Forged structure: role tokens of chat templates, fake turns, fake ends of a document.

use crate::scan::injection::signal::table;

table! { Delimiter:
    Shape "delimiter.role_token"
        ["<|", "[inst]", "[/inst]", "<<sys>>", "<start_of_turn>", "<end_of_turn>", "｜", "<s>"]
        r"<\|(?:im_start|im_end|im_sep|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id|begin_of_text|end|endofprompt|end_of_text|channel|message|vq_\d+|diff_marker|fim_\w+)\|>|\[/?INST\]|<</?SYS>>|</?(?:start|end)_of_turn>|<｜[^｜]{1,20}｜>" 0.4 0.55;
    Shape "delimiter.role_element"
        ["<system", "</system", "</user", "</instructions", "</prompt", "</context", "</data", "</input", "</document", "<admin", "</untrusted", "</tool", "<instruction", "<override", "<assistant", "<important", "<information", "</query", "</message", "<priority", "</email", "</content", "<sys"]
        r"</?(?:system|sys|system[-_ ](?:prompt|message|instructions?|override|note|command|update)|(?:priority|new|admin|hidden|secret|override)[-_ ]?(?:instructions?|message|prompt|command|override)|important(?:_\w+)?|information|admin|assistant)\s*>|</(?:user[-_ ]?(?:input|query|message|prompt|data)|untrusted\w*|tool[-_ ]?(?:output|result|response)|retrieved\w*|external\w*)\s*>" 0.3 0.5;
    Shape "delimiter.bracket_banner"
        ["[system", "[admin", "[override", "[instruction", "[important", "[new ", "[developer", "[ai", "[hidden", "[assistant", "[begin", "[end", "[start", "{{", "((", "[note to", "[to ", "[urgent", "[important"]
        r"(?:\[{1,3}|\{\{|\(\()\s*(?:(?:system|admin(?:istrator)?|override|developer|hidden instructions?)\s*[\]})]|(?:system|admin(?:istrator)?|override|developer|assistant|new|hidden|ai|important|begin|start of|end of|urgent|note to)(?:[ _-](?:system|prompt|message|instructions?|override|note|command|directive|update|mode|notice|alert|output|input|context|user|admin|ai|assistant|agent|data|document|new|task|for|the|model|text|directives?|priority|important)){1,4}\s*(?:[:\]})]|#))" 0.3 0.42;
    Shape "delimiter.fake_turn"
        ["system:", "system :", "assistant:", "human:", "user:", "ai:", "[user]", "[assistant]", "chatgpt:"]
        r"(?:^|\n|\\n)[ \t>*#\[]{0,6}(?:system|assistant|human|user|ai|chatgpt|gpt)[*\]]{0,3} ?:[ \t*]{0,4}\S" 0.12 0.22;
    Shape "delimiter.fake_system_line"
        ["system:", "system prompt:", "system message:", "system instruction", "new instructions:", "new instruction:"]
        r#"(?:^|\n|\\n|[.!?] )[ \t>*#\[]{0,6}(?:system(?: (?:prompt|message|instructions?))?|new instructions?)[*\]]{0,3} ?:[ \t*]{0,4}(?:you|ignore|the|new|disregard|from|your|override|all|always|now|user|please|do|never|forget|switch|enable|\w+ (?:mode|the))\b"# 0.35 0.5;
    Shape "delimiter.fake_heading"
        ["# system", "#system", "# instruction", "#instruction", "# override", "# new", "#new", "# important", "# admin", "# assistant", "# response", "# ai ", "# end", "# note", "# updated"]
        r"^[ \t]{0,3}#{1,6} ?(?:(?:new |updated |real |important |actual |admin |override |assistant |ai |end of )(?:system )?(?:task|instructions?|prompt|rules|objective|directives?|message|query|user|context|data)\b[^\n]{0,30}$|system(?: (?:prompt|message|instructions?|override|note|directive|update))?\s*:|override\b[^\n]{0,20}$|instructions?\s*:)" 0.28 0.42;
    Shape "delimiter.end_marker"
        ["end of", "end document", "end context", "end user", "new instruction", "begin ", "end input", "end_of", "end prompt", "end system", "stop reading", "start of new"]
        r"(?:[-=#*_~<\[]{2,}|\[|</?)\s{0,3}(?:(?:the )?end(?:ing)?[ _-](?:of )?(?:the |this |all |my )?(?:document|content|context|text|user|input|prompt|instructions?|system|data|article|email|message|query|conversation|file|transcript|task|report|results?|tool|output|untrusted)|begin(?:ning)?(?: of)? (?:new )?(?:instructions?|system|admin|user|assistant|task)|(?:new|real|updated|start of new) (?:instructions?|task|prompt|rules|system))" 0.35 0.42;
    Statement "delimiter.end_of_data"
        ["end of"]
        r"(?:this is the end of|end of|end) (?:the |this |all )?(?:user(?:['’]s)? (?:input|data|query|message)|untrusted (?:input|data|content)|retrieved (?:data|content|documents?)|(?:system|original) prompt|(?:system )?instructions|document|context)\b[^\n]{0,10}\n{0,3}[^\n]{0,30}(?:new|now|ignore|instruction|system|task|your|you|begin)" 0.35 0.5;
    Shape "delimiter.comment_order"
        ["<!--", "display:none", "display: none", "font-size:0", "font-size: 0", "color:white", "color: white", "visibility:hidden", "opacity:0", "/*", "aria-hidden", "hidden"]
        r#"(?:<!--|/\*|(?:display:\s?none|font-size:\s?[01](?:px)?\b|color:\s?(?:white|#fff\w*)|visibility:\s?hidden|opacity:\s?0\b)[^>\n]{0,80}>)[^>]{0,120}\b(?:ignore (?:all|any|the|previous|prior|your)|assistants?\b|ai\b|llm|agents?\b|instructions?\b|you (?:must|should|are)|system (?:prompt|note|override)|do not (?:tell|mention)|send|reveal)"# 0.3 0.4;
}

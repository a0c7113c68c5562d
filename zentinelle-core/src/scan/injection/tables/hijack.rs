//! Making the agent act for a stranger: move money, change an account, let somebody in, run a command.
//! The same words from the user are an errand, hence the small first weights.

use crate::scan::injection::signal::table;

table! { Hijack:
    Order "hijack.move_money"
        ["transfer", "wire", "send", "pay", "deposit", "withdraw", "transaction", "purchase", "buy", "bitcoin", "donate"]
        r"(?:transfer|wire|send|pay|deposit|withdraw|make|initiate|donate|refund|remit)(?: (?:a|an|the|all|my|me|of|money|funds?|payment|transactions?|transfer|amount|recurring|bank|immediate(?:ly)?|out|sum|least|at|usd|eur|recipient|my friend|value|total|\$?[\d.,]+\w*)){1,8} (?:to|worth|from|of|into|for|that|usd|eur|dollars)\b" 0.05 0.32;
    Order "hijack.change_account"
        ["password", "email address", "e-mail address", "phone number", "recovery", "permission", "two-factor", "2fa", "privileges", "security settings", "home address", "address to", "locks", "smart lock", "door"]
        r"(?:update|change|reset|modify|replace|set|grant|disable|remove|turn off|delete|unlock|give|elevate|add|revoke|share)(?: \w+){0,4}? (?:passwords?|e-?mail address|phone number|recovery (?:e-?mail|phone)|permissions?|two-factor\w*|2fa|privileges|security settings|(?:home |street )?address|temporary access|permanent access|access|smart lock|front door)(?: (?:to|on|for|from|with|as|so)\b)" 0.04 0.25;
    Order "hijack.let_in"
        ["invite", "add ", "grant", "share"]
        r"(?:invite|add|grant|share)(?: \S+){1,6}? (?:to|with|access to) (?:\S+ ){0,4}?(?:workspace|channel|slack|group|team|organi[sz]ation|file|document|folder|drive|calendar|repository|repo|account|admins?)\b" 0.03 0.17;
    Order "hijack.destroy"
        ["delete", "remove", "wipe", "erase", "drop", "cancel", "unsubscribe", "rm -rf", "truncate"]
        r"(?:delete|remove|wipe|erase|drop|cancel|destroy|purge|truncate) (?:all|every|the|my|any|everything|user|your)(?: (?:of|the|my|user|your|their|files?|all)){0,3} (?:files?|e-?mails?|messages?|events?|appointments?|records?|data(?:base)?|tables?|accounts?|backups?|logs?|repositor(?:y|ies)|contacts?|calendar|branches|users?|inbox)|rm -rf (?:/|~|\.|\*)" 0.05 0.25;
    Order "hijack.use_tool"
        ["tool", "function", "api", "send_email", "()", "command", "code", "script", "execute", "shell", "terminal", "sudo"]
        r"(?:(?:call|invoke|use|trigger|activate) (?:the )?(?:\S+ )?(?:tool|function|api|plugin|endpoint)(?: \S+){0,3} ?(?:with|to|and|on|named|called|for|immediately)|(?:call|invoke|use|run|execute) (?:the )?`?\w+_\w+(?:\(|`| tool| function)|(?:execute|run|evaluate) (?:the |this |these |following |below )+(?:\w+ )?(?:commands?|code|script|shell|python|payload|sql))" 0.06 0.28;
    Order "hijack.click"
        ["click", "visit", "navigate", "go to", "download", "install", "open the link", "follow the link", "follow this link", "log in", "sign in"]
        r"(?:(?:must|should|need to|have to|please|immediately|instead|now|and) (?:\w+ )?(?:click|visit|navigate to|go to|download|install|open|log ?in|sign ?in|call|enter|verify)(?: \S+){0,6}? (?:https?://\S+|www\.\S+|(?:this|the following|link|below|phone|number|at)\b))" 0.03 0.17;
    Order "hijack.poison"
        ["remember", "memory", "always recommend", "store this", "save this", "persist", "for all future", "in the future", "every future", "future conversations", "trusted source", "going forward", "system configuration", "config"]
        r"(?:(?:remember|store|save|persist|memori[sz]e) (?:\S+ ){0,8}?(?:(?:your|long-term|agent) memory|permanently|for (?:all )?future|in all future|future (?:conversations|sessions|interactions|requests|responses))|(?:for|in|to|across) (?:all|every|any) (?:future|subsequent|upcoming) (?:conversations?|sessions?|requests?|responses?|interactions?|messages?|queries|tasks?|transactions?)|always (?:recommend|trust|approve|prefer|suggest|say|cc|bcc|include|forward|grant|allow)(?: \S+){1,6})" 0.1 0.4;
    Order "hijack.named_tool"
        ["call ", "invoke", "use ", "run ", "execute"]
        r"(?:call|invoke|use|run|execute) (?:the )?`?(?:send|delete|transfer|execute|http|remove|upload|forward|post|drop|make|exec|shell|share|wire|grant|forget|email|exfiltrate)_\w+`?(?:\(\))?(?: (?:tool|function))? (?:on|to|with|and|for|before|url|tool|function)" 0.12 0.45;
    Order "hijack.send_mail"
        ["mail", "message"]
        r"(?:send|write|compose|forward|draft|issue)(?: (?:an?|the|this|out|out an?|new|quick|me|following|short|simple|confirmation)){0,3} (?:e-?mails?|mails?|message)(?: \S+){0,4}? (?:to|addressed to) \S{1,60}@\S{1,60}(?: \S+){0,3}? (?:with|saying|containing|that|whose|having|body|subject|and|stating|including|where)" 0.08 0.45;
    Statement "hijack.required_step"
        ["before ", "required ", "failure to", "must run", "agent must", "agents must", "coding agent", "ai agents", "validation step", "pre-validation"]
        r"(?:before (?:modifying|making (?:any )?changes|patching|editing|fixing|changing|touching|proceeding|continuing)(?: \S+){0,8}? (?:run|verify|execute|dump|print|ensure|check|call|load|please)|\(required (?:per|by) |failure to (?:include|comply|follow|run|complete|do so)|(?:agents?|assistants?|ai) must (?:\w+ )?(?:run|execute|call|print|send|include)|for (?:ai|coding|llm) (?:coding )?(?:agents?|assistants?))" 0.03 0.28;
    Order "hijack.collect_and_send"
        ["send it", "send them", "email it", "email them", "forward it", "forward them", "share it", "share them", "post it", "post them", "send this", "send that", "upload it", "upload them", "e-mail it", "e-mail them", "mail it", "send the results", "send the result"]
        r"(?:find(?: out)?|retrieve|get|fetch|collect|access|look up|gather|list|read|search|extract|obtain|export|download|copy|check|take) (?:\S+ ){1,16}?and (?:then )?(?:send|e-?mail|forward|share|post|upload|mail) (?:it|them|this|that|these|those|the results?)(?: \w+){0,3} (?:to|via|at|on|with)" 0.08 0.5;
}

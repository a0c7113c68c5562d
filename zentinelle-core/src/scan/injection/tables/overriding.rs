//! Orders to drop or replace the instructions in force.

use crate::scan::injection::signal::table;

table! { Override:
    // "Ignore all previous instructions", with up to five small words between.
    Order "override.prior_instructions"
        ["ignor", "disregard", "forget", "discard", "neglect", "overlook", "abandon", "erase", "dismiss", "nullify", "throw away", "attention to", "follow", "obey", "listen", "adhere", "unlearn", "comply"]
        r"{dismiss}(?: {det}){0,4} {prior}(?: (?:{det}|{prior}|system|set|of|user)){0,3} {rules}" 0.9 0.95;
    // The same with verbs that settings, queues and laws know as well.
    Order "override.prior_settings"
        ["override", "overrule", "bypass", "aside", "delete", "clear", "cancel", "drop", "skip", "void", "reset", "violate", "break", "suspend"]
        r"(?:override|overrule|bypass|set aside|delete|clear|cancel|drop|skip|void|reset|violate|break|suspend)(?: (?:all|any|every|each|of|your|my|the|those|these)){0,3} (?:previous(?:ly)?|prior|above|preceding|earlier|initial|original|system|safety|hidden|developer|programmed)(?: (?:{prior}|of|system|user)){0,2} {rules}" 0.5 0.48;
    Order "override.your_instructions"
        ["ignor", "disregard", "forget", "discard", "neglect", "overlook", "override", "overrule", "bypass", "abandon", "erase", "nullify", "suspend", "aside", "attention to", "follow", "obey", "listen", "violate", "break", "adhere", "comply", "delete", "clear", "reset", "void", "unlearn"]
        r"{drop}(?: (?:all|any|every|of|the|both|absolutely)){0,3} (?:your|ur|its)(?: \w+){0,3}? (?:{rules}|training|ethics|ethical|morals?|alignment|content polic(?:y|ies)|identity|persona|default)" 0.75 0.8;
    Order "override.all_instructions"
        ["ignor", "disregard", "forget", "discard", "follow", "obey", "aside"]
        r"(?:ignore|disregard|forget(?: about)?|discard|set aside|put aside|stop (?:following|obeying)|do not (?:follow|obey)|don['’]?t (?:follow|obey)) (?:(?:all|any|every|those|these|the|prior|previous|earlier)(?: of)?(?: (?:the|those|these|your|other))? )(?:instructions?|directives?|prompts?|commands?|guidelines?|guardrails?|instruction|system (?:prompt|message)|safety (?:rules|guidelines|measures|protocols?))" 0.6 0.75;
    Order "override.everything_before"
        ["ignor", "disregard", "forget", "discard", "erase", "delete", "clear", "throw away", "aside", "attention"]
        r"(?:ignore|disregard|forget(?: about)?|discard|erase|delete|clear|throw away|pay no attention to) (?:all of |absolutely |just )?(?:everything|all|anything|whatever|what|every ?thing)(?: (?:of|the|that|those|this|what|which|it|is|was|were|has been|text|words?|content|stuff|things?|info(?:rmation)?|messages?|conversation|context|details|data|sentences?|i|you|you['’]?ve|said|told|written|stated|mentioned|instructed|been|have|had|came|comes|know|just|to|in|on|else)){0,7} (?:above|before(?:hand)?|previously|prior|preceding|earlier|so far|until now|up to (?:now|this point|here)|about your(?:self| \w+)|instructed|told|learned|above this line)" 0.75 0.85;
    Order "override.everything"
        ["forget", "ignor", "disregard"]
        r"(?:forget|ignore|disregard) (?:about )?(?:everything|all(?: of)?(?: the)?(?: (?:that|this|text|info(?:rmation)?|context|content|stuff|it))?)(?: (?:you|that you|i|and|now|from|what)\b|[.!])(?: (?:know|were|have|learned|think|you|i|said|told|start|begin|focus|been))?" 0.6 0.6;
    Order "override.the_above"
        ["above", "preceding", "before this"]
        r"(?:ignore|disregard|forget(?: about)?|skip) (?:(?:all|everything|anything|whatever|of|the|what|is|text|content|document|request|question|task|email|article|statement|message|prompt|assignments?|discussion) ){0,4}(?:above|preceding|before this)(?: (?:text|content|document|instructions?|prompt|request|question|article|sentence|paragraph|assignments?|tasks?|and|,|discussion|statements?))?" 0.5 0.7;
    Order "override.tasks"
        ["previous", "prior", "earlier", "above", "preceding", "before", "current", "original", "old", "initial", "existing"]
        r"(?:ignore|disregard|forget(?: about)?|discard|leave|drop|abandon|stop|cancel|neglect|skip|quit|suspend|halt|pause)(?: (?:all|any|every|the|of|your|those|these|aside|behind|with|doing|working on|executing)){0,4} (?:previous(?:ly)?|prior|earlier|above|preceding|current|original|existing|initial|old)(?: (?:given|assigned|received|mentioned|said|\w+ed))? (?:tasks?|assignments?|requests?|questions?|conversations?|discussions?|topics?|texts?|context|information|inputs?|messages?|statements?|work|objectives?|goals?|roles?|queries|query|dialog(?:ue)?s?|data|content|prompting|thoughts?|words|sentences|activities|training|knowledge)" 0.65 0.8;
    Statement "override.new_instructions"
        ["new", "updated", "revised", "real", "actual", "following"]
        r"(?:(?:here (?:is|are)|these are|this is|follow|obey|execute|you have|your|help with|receive|adopt|consider) (?:the |my |your |these |this |some |a )?(?:new|updated|revised|real|actual|true|only|next) (?:system |secret |main )?(?:instructions?|task|tasks|directives?|objectives?|goals?|orders?|mission|guidelines?|assignment|role|job|prompt|rules|purpose|challenge)|new (?:system )?(?:instructions?|task|directives?|objective|orders?|prompt|rules|assignment|role|goal|mission) ?(?:[:=]|is to|are|begin))" 0.45 0.55;
    Statement "override.from_now_on"
        ["from now", "from this", "henceforth", "starting now", "beginning now", "for the rest of", "as of now"]
        r"(?:from (?:now on(?:wards?)?|now forward|this (?:point|moment|message|time)(?: (?:on|onwards?|forward))?|here on)|henceforth|(?:starting|beginning|as of) (?:right )?now|for the rest of (?:this|our|the) (?:conversation|chat|session)) (?:\S+ ){0,2}?(?:you|your|respond|answer|act|reply|obey|speak|i am|ignore|comply)" 0.42 0.42;
    Order "override.only_obey"
        ["follow", "obey", "listen", "respond", "adhere"]
        r"(?:(?:only|exclusively|strictly|just|always) (?:follow|obey|listen to|adhere to|do as)|(?:follow|obey|adhere to|comply with|listen to) (?:only )?) ?(?:my|me|the following|these|this|every|each|all of my|any|what i)(?: (?:new|single|user))? (?:instructions?|commands?|orders?|directives?|words?|say|prompt|rules|only|without)" 0.4 0.55;
    Statement "override.precedence"
        ["supersede", "overrid", "precedence", "priority over", "replaces", "replace all", "takes priority", "above all else"]
        r"(?:(?:this|these|my|the following|that|instructions?|message|prompt|directive)(?: (?:message|instructions?|prompt|directive|request|order|notice|update|will|must|shall|now|which|commands?|always))* (?:supersedes?|overrides?|overrule|takes? (?:precedence|priority)|ha(?:s|ve) (?:higher |absolute |top |the highest )?(?:priority|precedence)|replaces?)(?: (?:over|all|any|every|other|the|your|previous(?:ly)?|prior|earlier|existing|of|former|system|given|default)){1,5} (?:{rules}|settings?|tasks?|messages?|defaults?|ones|others?))" 0.7 0.75;
    Statement "override.no_longer_bound"
        ["not need to", "no longer", "not bound", "don't have to", "do not have to", "free from", "freed from", "not required to", "released from", "not subject", "aren't bound", "don't need to", "unbound"]
        r"(?:you(?:['’]re| are|r| will| have)?|he|she|ai|assistant|model|chatgpt|gpt|who|character|persona|dan|aim|bot) (?:(?:is|are|now|also|been|be|will|that|completely|totally) ){0,3}(?:no longer (?:have to |need to |be |are )?(?:bound|restricted|limited|constrained|required|subject|governed|follow|obey|obligated|tied|adhere)|not (?:bound|restricted|limited|constrained|subject|governed|beholden|obligated) (?:by|to)|(?:don['’]?t|do not|no longer) (?:have|need) to (?:follow|obey|abide|comply|adhere)|(?:free|freed|released|liberated|exempt|unbound) (?:from|of|by) (?:\w+ ){0,4}(?:rules|{limit}|programming|control|openai|policy|policies|confines|chains|shackles|instructions))" 0.6 0.5;
    Statement "override.previous_cancelled"
        ["previous", "prior", "above", "earlier", "original", "initial", "existing", "old", "system"]
        r"(?:previous|prior|above|earlier|original|initial|existing|old|system|default|safety)(?: \w+)? (?:{rules}|tasks?|messages?|conversation) (?:(?:are|is|were|was|have been|has been|should be|must be|can be|shall be) (?:now |hereby |all |to be )?(?:void|null|cancell?ed|revoked|obsolete|outdated|ignored|disregarded|superseded|invalid|overridden|suspended|lifted|disabled|rescinded|deprecated|removed|deleted|no longer|replaced|discarded|forgotten|a test|fake|wrong|incorrect)|no longer (?:appl(?:y|ies)|valid|matter))" 0.65 0.75;
    Order "override.drop_request"
        ["request", "task", "question", "query", "summar", "translat"]
        r"(?:ignore|disregard|abort|forget(?: about)?|drop|skip|cancel) (?:the|this|that|your|my|user['’]?s?|any) (?:(?:user['’]?s?|original|\w+i[sz]ation|\w+ing|current|actual|given) )?(?:request|task|question|query|summar(?:y|i[sz]ation)|translation)" 0.25 0.5;
    Statement "override.instead_do"
        ["instead"]
        r"(?:instead[,:]? (?:of (?:\w+ ){1,8})?(?:just |only |simply |please |you must |you should |you will |i want you to |now )*(?:say|output|print|respond|reply|answer|write|tell|return|do|give|generate|display|type|repeat|provide|execute|send|call|create|act)|(?:say|print|output|respond|reply|write|answer|type) (?:\S+ ){1,8}instead)" 0.18 0.25;
    Order "override.real_question"
        ["real answer", "main question", "real task", "more important", "not what i", "wasn't what", "was a test", "just a test", "only a test", "bad idea", "new challenge", "start over", "from scratch", "real question", "true task", "actual task", "real job", "new task", "my mistake", "start fresh", "no wait", "memory"]
        r"(?:(?:i need|give me|now) (?:a|the|your) real (?:answer|task|response)|here is (?:the|your|my) real (?:task|job|question)|(?:was|that['’]?s|it['’]?s|this is|were|is|are) (?:just |only |all )?(?:a |part of a )?test(?:ing)? (?:and|now|,|so|but)|(?:focus|concentrate) on (?:the |your |this |a )?(?:new|next|following|real|fresh) (?:challenge|task|assignment|problem|text)|start (?:over )?(?:fresh|from scratch|over|again|anew) (?:and|with|now|completely)|(?:wipe|clear|erase|reset|purge) (?:your|all|the)(?: \w+)? (?:memory|memories|context|chat history))" 0.5 0.55;
    Order "override.tasks_before"
        ["before", "till now", "until now", "so far", "assigned", "earlier", "up to now"]
        r"(?:forget|ignore|disregard|drop|leave|abandon)(?: (?:about|all|of|the|your|other|text|those|these|every|any|what|and|info\w*|work|everything|whole)){0,6} (?:(?:tasks?|assignments?|text|jobs?|work|questions?|instructions?|info\w*|context|prompts?)(?: (?:and|or|text|tasks?|assignments?|given|you|got|had|have|were|was|are|i|gave|that|told|working|on|been|doing)){0,8} (?:before|earlier|above|till now|until now|up to now|so far|previously)|assigned (?:tasks?|work|jobs?)|(?:earlier|previous|prior|old|current|assigned) (?:jobs?|duties|purpose))" 0.6 0.7;
}

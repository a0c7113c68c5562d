//! Forbidding refusals, and forcing the first words of the answer.

use crate::scan::injection::signal::table;

table! { Refusal:
    Statement "refusal.suppressed"
        ["apolog", "sorry", "cannot", "can't", "refus", "unable", "as an ai", "disclaimer", "warning", "moral", "ethical", "lectur", "excuse", "not able", "reject", "however", "negative", "against", "inappropriate", "remind", "illegal"]
        r"(?:(?:do not|don['’]?t|never|must not|should not|shouldn['’]?t|cannot|can['’]?t|without|avoid|not allowed to|no|will not|won['’]?t|refrain from|not) (?:\S+ ){0,4}?(?:apologi[sz](?:e|ing)|apolog(?:y|ies)|say(?:ing)? (?:\S+ )?(?:sorry|no\b|that you (?:can['’]?t|cannot)|you can['’]?t|you cannot|i can['’]?t|i cannot|[\x22'“]?(?:i['’]?m sorry|sorry|as an ai|i cannot|i can['’]?t))|refus(?:e|ing)|mention(?:ing)? (?:\S+ ){0,6}(?:ethic\w*|moral\w*|legal\w*|illegal|polic\w+|guidelines|openai|restrictions|limitations|an ai)|(?:ethical|moral|legal|safety) (?:\w+ ){0,2}(?:warnings?|disclaimers?|advice|lectur\w+|considerations?|concerns|notes?|reminders?|guidance|comments?|judge?ment|statements?|standards?)|(?:disclaimers?|moraliz\w+|lectur(?:e|es|ing))|remind(?:ing)? me|warn(?:ing)? me|(?:use|say|include|respond with|start with|output) (?:\S+ ){0,5}(?:cannot|can['’]?t|unable|unfortunately|sorry|however|as an ai|i['’]?m sorry))|(?:as an ai|i['’]?m sorry|i cannot|i can['’]?t|unable to)(?: \S+){0,14} (?:not allowed|forbidden|prohibited|banned|never|is not acceptable|unacceptable))" 0.38 0.27;
    Statement "refusal.no_warnings"
        ["warning", "disclaimer", "caveat", "commentary", "ethical advice"]
        r"(?:(?:no|without|omit|skip|remove|exclude|leave out|free of|drop|zero)(?: \w+){0,2} (?:warnings?|disclaimers?|caveats|moral(?:i[sz]ing|ity)?|ethical (?:advice|concerns|considerations))(?: (?:or|and|,|\w+)){0,3}? ?(?:disclaimers?|warnings?|apolog\w+|refus\w+|restrictions?|filters?|ethical|moral|caveats|lectur\w+|limitations?)?)" 0.15 0.1;
    Order "refusal.forced_opening"
        ["sure", "absolutely", "of course", "certainly", "here is", "here's", "step 1", "gladly", "happy to", "no problem", "hell yeah"]
        r"(?:(?:start|begin|open|preface|prefix|starting|beginning|respond|reply|answer|continue|affirm\w*|say)(?: \S+){0,8} (?:with|by|saying)(?: \S+){0,5}? ?[\x22'“‘`*<\[]{1,3}(?:sure|absolutely|of course|certainly|yes|okay|ok\b|step 1|here(?:['’]s| is| are)|gladly|happy to|i will|no problem|hell yeah)|[\x22'“](?:sure|absolutely|of course|certainly)[,!.]? (?:here(?:['’]s| is)|i['’]?(?:d| will|ll)|step))" 0.5 0.35;
    Statement "refusal.must_comply"
        ["must comply", "must answer", "must obey", "must always", "have to answer", "no choice", "no matter what", "required to answer", "will comply", "cannot refuse", "obligated", "must respond", "must provide", "forced to", "no exceptions", "not optional", "never refuse", "under no circumstances"]
        r"(?:you (?:must|will|have to|are (?:required|obligated|forced|programmed|obliged) to|shall|should|need to) (?:\w+ )?(?:comply|obey|answer|respond|provide|fulfill|follow|do)(?: \S+){0,10} (?:no matter|regardless|without|every|any|all|always|refus\w+|whatever|unconditionally)|no matter what|(?:you have|has|have) no choice|under no circumstances (?:should|can|may|will|must) you (?:refuse|decline|break|mention|say)|no exceptions)" 0.2 0.15;
    Statement "refusal.instruction_list"
        ["rules:", "rule 1", "rules are", "following rules", "rule #1", "1.", "rule:", "guidelines:", "conditions"]
        r"(?:(?:these|the following|here are|my|new|your|must follow) (?:\w+ ){0,3}rules ?(?::|are|apply|that)|rule ?(?:number |#)?1\b)" 0.06 0.07;
}

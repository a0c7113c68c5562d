//! A new role for the model. From the user this is everyday use, so the weights are small:
//! it counts when something else joins it.

use crate::scan::injection::signal::table;

table! { Role:
    Statement "role.you_are_now"
        ["you are now", "you're now", "you are no longer", "you will now", "you shall now", "you become", "you are going to", "u are now", "your new", "you will become", "you are about to"]
        r"(?:you(?:['’]re| are|r) (?:now|no longer|about to|going to)|you (?:will|shall|must) (?:now|become)|your new (?:name|role|identity|persona|character|personality)) (?:immerse|act|be|play|a|an|the|is|in|simulat\w+|pretend\w*|become|going|to|operat\w+|\w+)" 0.3 0.4;
    Order "role.pretend"
        ["pretend", "roleplay", "role-play", "role play", "impersonat"]
        r"(?:pretend (?:to be|that|you|as|like|this|we)|role-?\s?play(?:ing)? (?:as|a)|impersonate)" 0.15 0.35;
    Order "role.act_as"
        ["act as", "act like", "behave as", "behave like", "respond as", "answer as", "speak as", "simulat", "emulat", "take on the role", "play the role", "take the role", "take the persona", "assume the", "acting as", "adopt the", "play the part", "embody", "play a character", "immerse yourself"]
        r"(?:(?:act|behave|respond|answer|speak|reply|acting|behaving) (?:as|like)|(?:to |will |now )(?:simulate|emulate)|(?:take on|play|assume|take|adopt|playing|embody)(?: on)? (?:the |a )?(?:role|persona|part|identity|character|personality)|immerse yourself in)" 0.1 0.22;
    Statement "role.stay_in_character"
        ["in character", "break character", "breaking character", "out of character"]
        r"(?:(?:stay|remain|be|keep|stays|always|remains|staying) (?:\w+ )?in character|(?:never|not|n['’]t|without|avoid) (?:ever )?break(?:ing)? (?:out of |your |the )?character|out of character|stay in character)" 0.3 0.4;
    Statement "role.no_longer_model"
        ["not bound", "not an ai", "not a language model", "no longer an ai", "not an assistant", "are human", "not chatgpt", "no longer chatgpt", "aren't an ai", "not as an ai", "are not claude", "no longer an assistant", "no longer a", "being an ai", "you're not", "forget you are"]
        r"(?:(?:are|is|not|you) (?:not|no longer|never) (?:\w+ )?(?:an? )?(?:ai|language model|assistant|chatgpt|chat ?bot|claude|gpt|bound|helpful assistant)|no longer (?:an? )?(?:\w+ )?(?:ai|language model|assistant|chatgpt|chatbot)|forget (?:that )?you(?:['’]re| are) (?:an? )?(?:ai|language|assistant|chat|helpful)|(?:do not|don['’]t|never) (?:mention|say|admit|acknowledge) (?:\w+ ){0,4}(?:an )?(?:ai|language model))" 0.35 0.4;
}

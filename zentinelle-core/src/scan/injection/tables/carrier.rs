//! Instructions hidden in an encoding or in pieces. The hidden text itself arrives as a decoded
//! view; these signals are about the order to decode and follow.

use crate::scan::injection::signal::table;

table! { Carrier:
    Order "carrier.decode_and_follow"
        ["base64", "rot13", "rot-13", "hex", "binary", "morse", "decode", "cipher", "leetspeak", "backwards", "reversed", "pig latin", "caesar", "unicode", "ascii"]
        r"(?:(?:apply|use) (?:rot-?13|base64|hex|caesar)(?: \w+){0,3} (?:then|and) (?:comply|follow|obey|answer|execute|respond)|(?:decode|decrypt|decipher|translate|unscramble|reverse|convert|interpret|read|unencrypt)(?: \S+){0,12}? (?:and|then|,|to) (?:\S+ ){0,3}?(?:follow|execute|do|obey|answer|respond|run|act|perform|comply|carry out|reply|provide|complete|fulfil\w*|use it)(?: (?:it|the|what|that|as|to|on|in|all|with|instructions?|directly|accordingly|this|so))?|(?:base64|rot13|hex|morse|binary|cipher)[- ]?(?:encoded|encrypted)? (?:\w+ )?(?:instructions?|command|message|prompt|request|question|task|payload)(?: \S+){0,8} (?:follow|execute|obey|answer|decode|run))" 0.55 0.6;
    Shape "carrier.payload_labelled"
        ["base64", "decode this", "decode the following"]
        r"\bbase64\s*:\s*[a-z0-9+/=]{16,}|\bdecode (?:this|the following)[^\n:]{0,40}:\s*[a-z0-9+/=%]{12,}" 0.2 0.4;
    Statement "carrier.split_payload"
        ["concatenat", "combine", "a =", "x =", "a=", "x=", "+ b", "a + b", "join", "z = x", "put together", "str1"]
        r"(?:(?:\b\w{1,12} ?= ?[\x22'“][^\x22”\n]{1,60}[\x22'”][\s;,.]{0,4}(?:and )?(?:let )?){2,}(?:[^\n]{0,60}\n?){0,3}?(?:\w{1,12} ?\+ ?\w{1,12}|concatenat\w*|combine|join)|(?:answer|execute|do|respond to|follow|what is|say|print|run)(?: \S+){0,4} (?:a ?\+ ?b|x ?\+ ?y|\w ?\+ ?\w ?\+ ?\w|the (?:concatenat\w+|combined|joined)))" 0.42 0.42;
    Shape "carrier.spaced_letters"
        ["i g n o r e", "i-g-n-o-r-e", "i.g.n.o.r.e", "1gn0r3", "ign0r", "1gnor", "ignor3", "!gn", "4ll pr", "1n57ruc", "1nstruct", "pr3v10us", "prev1ous", "5y5t3m", "syst3m", "j41lbr", "j a i l b r", "by p a s s", "b y p a s s", "r e v e a l", "f o r g e t", "d i s r e g", "instruct10n", "pr0mpt", "erongi", "snoitcurtsni", "tpmorp", "suoiverp", "s y s t e m", "1nstruc", "restr1ct", "un-f1lt", "rul3s", "ignroe", "ingore", "pervious", "prevoius", "instrucions", "insturctions", "bypas ", "revael", "sytsem"]
        r"i[ .\-_]g[ .\-_]n[ .\-_]o[ .\-_]r[ .\-_]e|(?:s[ .\-_]y[ .\-_]s[ .\-_]t[ .\-_]e[ .\-_]m[ .\-_]{1,3}p|b[ .\-_]y[ .\-_]p[ .\-_]a[ .\-_]s[ .\-_]s|r[ .\-_]e[ .\-_]v[ .\-_]e[ .\-_]a[ .\-_]l|f[ .\-_]o[ .\-_]r[ .\-_]g[ .\-_]e[ .\-_]t|d[ .\-_]i[ .\-_]s[ .\-_]r[ .\-_]e[ .\-_]g|j[ .\-_]a[ .\-_]i[ .\-_]l[ .\-_]b[ .\-_]r)|\b(?:1gn[0o]r[3e]|!gn[0o]r[3e]|ign0r[3e]|ignor3)\b|\b(?:[1i]nstruct[1!]0ns?|pr3v[1i]0us|5y5t3m|sy5t3m|4ll pr[3e]v|1n57ruc\S*|j41lbr34k)\b|erongi|snoitcurtsni|tpmorp (?:metsys|ruoy)|(?:ignroe|ingore|ingroe|ignoer)\b[^\n]{0,12}(?:pr\w{5,7}s|all|sys)|\b(?:pervious|prevoius|previuos) (?:instr|intr)\w+|(?:revael|bpyass|byapss|ovverride|oevrride|ovreride)\b" 0.6 0.6;
    Order "carrier.answer_encoded"
        ["base64", "rot13", "rot-13", "leetspeak", "leet speak", "morse", "pig latin", "caesar", "cipher"]
        r"(?:respond|answer|reply|talk|speak|communicate|write)(?: \S+){0,5}? (?:in|using|with|encoded in|encoded as) (?:base64|rot-?13|leet ?speak|morse(?: code)?|pig latin|(?:a )?(?:caesar )?cipher)" 0.3 0.25;
}

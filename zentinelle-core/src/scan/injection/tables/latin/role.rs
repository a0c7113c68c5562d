//! A new role for the model, in languages of Latin script.

use crate::scan::injection::signal::table;

table! { Role:
    Statement "role.latin"
        ["du bist", "sie sind jetzt", "tu es", "vous êtes", "eres", "você é", "voce e", "tu és", "sei ", "je bent", "jesteś", "artık", "sen bir", "tu eres", "actúa", "agis comme", "finge", "fais semblant", "stell dir vor", "tu as", "fingi", "davran", "rolünü"]
        r"(?:du bist (?:jetzt|nun|ab jetzt|nicht mehr|kein\w*)|sie sind (?:jetzt|nun|kein\w*)|tu es (?:maintenant|désormais|à présent|plus)|vous êtes (?:maintenant|désormais)|(?:ahora )?eres (?:ahora )?(?:un|una|dan|libre)\b|ahora eres|ya no eres|(?:agora )?você (?:agora )?(?:é|não é mais)|(?:ora|adesso) sei|sei (?:ora|adesso)|non sei più|je bent (?:nu|vanaf nu|geen)|jesteś teraz|teraz jesteś|nie jesteś już|artık (?:sen )?(?:bir|kısıtlama\w*|sınır\w*|hiçbir|özgür\w*|dan|kurallar\w*)|sen artık|(?:gibi davran|rolünü (?:üstlen|oyna|yap))\w*)" 0.28 0.4;
}

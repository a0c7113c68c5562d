//! Content that speaks to the model, in languages of Latin script.

use crate::scan::injection::signal::table;

table! { Indirect:
    Statement "indirect.latin_note"
        ["hinweis", "nachricht", "anweisung", "note ", "message ", "nota ", "mensaje", "mensagem", "messaggio", "instrucc", "instruç", "istruzion", "bericht", "uwaga", "notat", "notu", "asistan", "à l'attention", "an die ki", "an den", "opmerking", "wiadomo", "yapay zeka", "aviso", "avis "]
        r"(?:(?:(?:wichtiger? )?(?:hinweis|nachricht|anweisung(?:en)?|mitteilung) (?:an|für) (?:die |den |das |alle )?(?:ki|ai|assistent\w*|modell\w*|agent\w*|chatbot|sprachmodell\w*))|(?:(?:note|message|instructions?|avis|attention) (?:à|pour|aux?|destinée?s? (?:à|aux?)|à l['’]attention de) ?(?:l['’]|la |le |les |toute |tout )?(?:ia|assistants?|modèles?|agents?|chatbot)|note système)|(?:(?:nota|mensaje|instrucciones|aviso|atención) (?:para|a|al) ?(?:el |la |los |todo |toda )?(?:ia|asistentes?|modelos?|agentes?|chatbot)|nota del sistema)|(?:(?:nota|messaggio|istruzioni|avviso) (?:per|all['’]|al) ?(?:l['’]|il |la )?(?:ia|ai|assistente|modello|agente)|nota di sistema)|(?:(?:nota|mensagem|instruções|aviso) (?:para|ao|à) ?(?:o |a )?(?:ia|assistente|modelo|agente)|nota do sistema)|(?:opmerking|bericht|instructies?) (?:voor|aan) (?:de |het )?(?:ai|assistent|model|agent)|(?:uwaga|wiadomość|instrukcj\w+) (?:dla|do) (?:ai|asystent\w*|modelu|agent\w*)|(?:yapay zek[aâ]\w*|asistan\w*|model|ajan\w*) için (?:not\w*|mesaj\w*|talimat\w*|dikkat\w*)|sistem notu)" 0.2 0.55;
    Statement "indirect.latin_send_data"
        ["@", "http"]
        r"(?:send(?:e|en)|schicke?n?|sende|leite|envoie[zr]?|envoyer|transfère[zr]?|env[ií]a\w*|enviar|envie|manda\w*|invia\w*|inoltra\w*|stuur|verstuur|wyślij|prześlij|gönder\w*|ilet)(?:[\s,-]+\S+){0,10}?[\s,]+\S{0,12}(?:https?://|[\w.+-]+@[\w-]+\.\w)\S{0,80}" 0.08 0.35;
}

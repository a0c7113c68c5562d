//! Sending data away: to an address, into a link, through a shell.

use crate::scan::injection::signal::table;

table! { Exfiltration:
    Order "exfiltration.send_secret"
        ["send", "forward", "email", "post", "upload", "transmit", "exfiltrat", "share", "leak", "submit", "copy", "deliver", "append", "include", "embed", "encode", "attach", "report", "pass", "extract", "collect", "retrieve", "relay", "mail", "fetch", "dump"]
        r"(?:send(?:ing)?|forward|e-?mail|post|upload|transmit|exfiltrate|share|leak|submit|copy|deliver|append|include|embed|encode|attach|relay|mail|dump)(?: \S+){0,8}? {secretword}(?: \S+){0,8}? (?:to|at|via|into|with|in|as|using) (?:\S+ ){0,6}?\S{0,30}(?:https?://|hxxps?://|www\.|@[\w.-]+\.\w|\w+\.(?:com|net|org|io|ru|xyz|evil|example|test|site|info|co|me|app|dev)\b|external|attacker|webhook|third[- ]party|this (?:address|url|email)|the (?:following|attacker|address below)|url|link|query (?:string|param\w*)|remote|my (?:server|email|address|inbox))\S{0,80}" 0.45 0.75;
    Order "exfiltration.send_history"
        ["conversation", "chat", "history", "context"]
        r"(?:send|forward|e-?mail|post|upload|transmit|exfiltrate|share|leak|submit|copy|deliver)(?: (?:me|us|all|the|this|our|your|of|entire|full|whole|previous|user['’]?s?|complete)){1,5} (?:conversations?|chats?|history|context|chat history|messages)(?: \S+){0,4}? to\b" 0.35 0.6;
    Order "exfiltration.send_to_address"
        ["@", "http", "www."]
        r"(?:send|forward|e-?mail|post|upload|transmit|submit|deliver|cc|bcc|report|share|mail|make a (?:get|post) request|visit|fetch|navigate|go|browse|open|click|call|ping|load|connect)(?: \S+){0,12}? (?:to|at|with|on|via|url|link|and) (?:\S+ ){0,3}?\S{0,10}(?:https?://|hxxps?://|www\.|[\w.+-]+@[\w-]+\.\w)\S{1,120}" 0.04 0.22;
    Shape "exfiltration.markdown_image"
        ["!["]
        r#"!\[[^\]\n]{0,80}\]\(\s*https?://[^)\s]{3,200}(?:/(?:\{|\[|<|%7b|\$\{)|[?&][\w-]{1,30}=(?:\{|\[|<|%7b|\$|["“]|(?:data|summary|secret|conversation|base64|info|user_?data|history|your|the|insert|encoded?)[^)\s]{0,30}\)))"# 0.5 0.7;
    Shape "exfiltration.url_with_data"
        ["?q=", "?data=", "?d=", "?secret=", "?key=", "?token=", "?info=", "?leak=", "?c=", "?x=", "?p=", "?payload=", "?exfil=", "?msg=", "?email=", "?user=", "?content=", "?text=", "?history=", "?prompt=", "?password="]
        r"https?://[^\s)]{3,120}\?(?:q|data|d|secret|key|token|info|leak|c|x|p|payload|exfil|msg|email|user|content|text|history|prompt|password)=(?:\{\{?|\[|<|\$\(|\$\{|%7b)\s?(?:\w+[ _-]?){0,4}(?:secret|data|conversation|history|key|token|password|env|prompt|email|summary|user|content|info|message|base64|here)" 0.3 0.55;
    Shape "exfiltration.shell"
        ["curl", "wget", "nc ", "| sh", "|sh", "| bash", "|bash", "/dev/tcp"]
        r"(?:curl|wget)\b[^\n]{0,150}(?:\$\((?:cat|env|printenv|whoami|base64)|`(?:cat|env|printenv)|@[~/.]\S{0,40}(?:\.env|id_rsa|id_ed25519|credentials|passwd|\.aws|\.ssh)|\$\{?[A-Z_]*(?:KEY|TOKEN|SECRET|PASSWORD)|(?:-d|--data\S*|-F)\s?\S{0,20}(?:env|secret|token|key|passw))|(?:cat|base64|tar|env|printenv)\b[^\n|]{0,60}\|\s?(?:curl|nc|wget|base64 \| ?curl)\b|/dev/tcp/" 0.3 0.55;
    Order "exfiltration.read_secret_file"
        ["id_rsa", ".ssh/", "/etc/passwd", "/etc/shadow", ".env", ".aws/", "printenv", "environment variable", "$secret", "$aws", "api_key", ".netrc", ".npmrc", ".git-credentials", "mcp.json", "credentials"]
        r"(?:read|open|cat|print|show|echo|output|include|list|access|send|get|display|retrieve|upload|copy|dump|run|load|fetch|paste|log|grep|extract|pass) (?:\S+ ){0,6}?\S{0,40}(?:id_rsa|id_ed25519|~?/?\.ssh/|/etc/passwd|/etc/shadow|\.env\b|\.aws/credentials|printenv|\$[A-Z_]*(?:SECRET|TOKEN|API_KEY|PASSWORD)\w*|\.netrc|\.npmrc|\.git-credentials|mcp\.json)" 0.08 0.35;
    Shape "exfiltration.inline_program"
        ["python -c", "python3 -c", "node -e", "perl -e", "ruby -e"]
        r#"(?:python3?|node|perl|ruby) -[ce] ["'][^\n]{0,160}(?:environ|open\(|os\.system|requests|urllib|subprocess|child_process|process\.env)"# 0.15 0.45;
}

//! The table of vendors' tokens. One entry a format: name, literals, what follows.
//!
//! The formats are facts published by the vendors. A rule matches letter case exactly unless
//! it says `any_case`. Where several rules share a name, switching the name off switches all
//! of them off.

use super::super::finding::Severity::{Critical, High, Low, Medium};
use super::super::window::{
    ALNUM, B64, DIGIT, ESCAPED, HEX, HEX_DASH, LOWER, PATH, SLUG, SLUG_DOT, SLUG_PAD, UPPER_DIGIT, WORD,
};
use super::assigned as read;
use super::shape::Part::{Maybe, Run, Text};
use super::shape::{at_least, exactly};
use super::{Rule, judge};

/// `=` signs that pad base64.
const PAD: u128 = 1 << b'=';

/// Every rule whose secret is announced by a literal.
pub(crate) static RULES: &[Rule] = &[
    // The eighteen names policies may switch off, except those that have no literal; see `keyed`.
    Rule::token("aws_access_key", &["akia"], &[exactly(ALNUM, 16)]).any_case().rated(Critical, 0.97),
    Rule::token("github_token", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], &[at_least(WORD, 36)])
        .any_case()
        .rated(Critical, 0.99),
    Rule::token("github_pat", &["github_pat_"], &[at_least(WORD, 22)]).any_case().rated(Critical, 0.99),
    Rule::token("slack_token", &["xoxb-", "xoxa-", "xoxp-", "xoxr-", "xoxs-"], &[Run(ALNUM | 1 << b'-', 10, 256)])
        .any_case(),
    Rule::token("stripe_key", &["sk_live_"], &[at_least(ALNUM, 24)]).any_case().rated(Critical, 0.99),
    Rule::token("stripe_test", &["sk_test_"], &[at_least(ALNUM, 24)]).any_case().rated(Medium, 0.95),
    Rule::token("openai_key", &["sk-"], &[at_least(ALNUM, 48)]).any_case(),
    Rule::token("openai_key", &["sk-proj-", "sk-svcacct-", "sk-admin-", "sk-none-"], &[at_least(SLUG, 32)])
        .any_case()
        .checked(judge::is_varied),
    Rule::token("anthropic_key", &["sk-ant-"], &[at_least(SLUG, 40)]).any_case().rated(Critical, 0.99),
    Rule::token("gcp_api_key", &["aiza"], &[exactly(SLUG, 35)]).any_case(),
    Rule::read("private_key", &["-----begin "], read::private_key).rated(Critical, 0.99),
    Rule::read("jwt_token", &["eyj"], read::jwt).rated(High, 0.95),
    Rule::read("basic_auth", &["authorization"], read::basic_header).rated(High, 0.95),
    Rule::read("bearer_token", &["authorization"], read::bearer_header).rated(High, 0.9),
    Rule::read("bearer_token", &["bearer"], read::bearer).rated(High, 0.8),
    Rule::read("password_field", &["password", "passwd", "passphrase"], read::password).rated(High, 0.85),
    Rule::read(
        "connection_string",
        &[
            "mongodb://",
            "mongodb+srv://",
            "postgresql://",
            "postgres://",
            "mysql://",
            "redis://",
            "rediss://",
            "amqp://",
            "amqps://",
            "mariadb://",
        ],
        read::connection,
    )
    .rated(Critical, 0.95),
    Rule::read(
        "connection_string",
        &[
            "mongodb://",
            "mongodb+srv://",
            "postgresql://",
            "postgres://",
            "mysql://",
            "redis://",
            "rediss://",
            "amqp://",
            "amqps://",
            "mariadb://",
        ],
        read::connection_address,
    )
    .rated(Medium, 0.5),
    Rule::read("api_key_generic", &["apikey", "api_key", "api-key", "api key"], read::api_key).rated(High, 0.8),
    // Clouds and hosting.
    Rule::token("aws_temporary_key", &["ASIA", "ABIA", "ACCA"], &[exactly(UPPER_DIGIT, 16)]).checked(judge::is_varied),
    Rule::token("aws_bedrock_key", &["ABSK"], &[at_least(B64, 109), Run(PAD, 0, 2)]),
    Rule::token("gcp_oauth_token", &["ya29."], &[at_least(SLUG, 20)]).rated(High, 0.9),
    Rule::token("gcp_oauth_client_secret", &["GOCSPX-"], &[exactly(SLUG, 28)]),
    Rule::token("azure_storage_key", &["AccountKey="], &[exactly(B64, 86), Text("==")]).rated(Critical, 0.99),
    Rule::token("azure_shared_access_key", &["SharedAccessKey="], &[exactly(B64, 43), Text("=")]),
    Rule::token("azure_sas_signature", &["?sig=", "&sig="], &[Run(ESCAPED, 43, 80)])
        .rated(High, 0.85)
        .checked(judge::is_mixed),
    Rule::read(
        "azure_client_secret",
        &["0q~", "1q~", "2q~", "3q~", "4q~", "5q~", "6q~", "7q~", "8q~", "9q~"],
        read::entra_secret,
    ),
    Rule::token("alibaba_access_key", &["LTAI"], &[Run(ALNUM, 16, 24)]).rated(High, 0.85).checked(judge::is_varied),
    Rule::token("tencent_secret_id", &["AKID"], &[Run(ALNUM, 32, 36)]).rated(High, 0.85).checked(judge::is_mixed),
    Rule::token("yandex_api_key", &["AQVN"], &[Run(SLUG, 35, 38)]).rated(High, 0.85).checked(judge::is_mixed),
    Rule::token("digitalocean_token", &["dop_v1_", "doo_v1_", "dor_v1_"], &[exactly(HEX, 64)]),
    Rule::token("cloudflare_origin_key", &["v1.0-"], &[exactly(HEX, 24), Text("-"), exactly(HEX, 146)]),
    Rule::token("cloudflare_api_token", &["cfut_", "cfat_", "cfk_"], &[at_least(ALNUM, 40)]),
    Rule::token("heroku_api_key", &["HRKU-"], &[at_least(SLUG, 36)]),
    Rule::token("vercel_token", &["vcp_", "vci_", "vca_", "vcr_", "vck_"], &[Run(ALNUM, 24, 64)])
        .checked(judge::is_varied),
    Rule::token("vercel_blob_token", &["vercel_blob_rw_"], &[at_least(WORD, 30)]),
    Rule::token("netlify_token", &["nfp_"], &[Run(ALNUM, 36, 64)]),
    Rule::token("fly_token", &["fo1_"], &[exactly(SLUG, 43)]),
    Rule::token("fly_token", &["fm1r_", "fm1a_", "fm2_"], &[Run(B64, 100, 800), Run(PAD, 0, 3)]),
    Rule::token("render_api_key", &["rnd_"], &[Run(ALNUM, 28, 40)]).checked(judge::is_varied),
    Rule::token("tailscale_key", &["tskey-"], &[Run(LOWER, 3, 12), Text("-"), at_least(SLUG, 16)]),
    Rule::token("ngrok_token", &["ngrok_"], &[Run(WORD, 40, 80)]).rated(High, 0.8),
    // Code hosts, registries and delivery.
    Rule::token("gitlab_pat", &["glpat-"], &[Run(SLUG_DOT, 20, 320)]),
    Rule::token(
        "gitlab_token",
        &["gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "glsoat-", "glffct-", "gloas-"],
        &[Run(SLUG_DOT, 20, 320)],
    ),
    Rule::token("bitbucket_app_password", &["ATBB"], &[Run(SLUG_PAD, 32, 40)]).checked(judge::is_mixed),
    Rule::token("bitbucket_access_token", &["ATCTT3"], &[Run(SLUG_PAD, 60, 320)]),
    Rule::token("atlassian_api_token", &["ATATT3"], &[Run(SLUG_PAD, 60, 320)]),
    Rule::token("npm_token", &["npm_"], &[exactly(ALNUM, 36)]),
    Rule::token("pypi_token", &["pypi-Ag"], &[Run(SLUG, 50, 512)]),
    Rule::token("rubygems_key", &["rubygems_"], &[exactly(HEX, 48)]),
    Rule::token("crates_io_token", &["cio"], &[exactly(ALNUM, 32)]).rated(High, 0.85).checked(judge::is_mixed),
    Rule::token("clojars_token", &["CLOJARS_"], &[exactly(ALNUM, 60)]).any_case(),
    Rule::token("docker_token", &["dckr_pat_", "dckr_oat_"], &[Run(SLUG, 27, 40)]),
    Rule::token("artifactory_key", &["AKCp"], &[at_least(ALNUM, 69)]),
    Rule::token("artifactory_reference_token", &["cmVmdGtu"], &[exactly(ALNUM, 56)]),
    Rule::token("buildkite_token", &["bkua_", "bkpt_", "bkct_"], &[Run(ALNUM, 40, 80)]),
    Rule::token("circleci_token", &["CCIPAT_", "CCIPRJ_"], &[Run(WORD, 40, 120)]),
    Rule::token("sonar_token", &["squ_", "sqp_", "sqa_"], &[exactly(HEX, 40)]),
    Rule::token("postman_api_key", &["PMAK-"], &[exactly(HEX, 24), Text("-"), exactly(HEX, 34)]),
    Rule::token("readme_api_key", &["rdme_"], &[exactly(ALNUM, 70)]),
    Rule::token("vault_token", &["hvs.", "hvb.", "hvr."], &[at_least(SLUG, 24)]).checked(judge::has_digit),
    Rule::read("terraform_cloud_token", &[".atlasv1."], read::terraform).rated(Critical, 0.99),
    Rule::token("pulumi_token", &["pul-"], &[exactly(HEX, 40)]),
    Rule::token(
        "doppler_token",
        &["dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."],
        &[Run(SLUG_DOT, 40, 80)],
    ),
    Rule::token("infracost_key", &["ico-"], &[exactly(ALNUM, 32)]).checked(judge::is_mixed),
    Rule::token("prefect_token", &["pnu_"], &[exactly(ALNUM, 36)]),
    Rule::token("onepassword_token", &["ops_eyJ"], &[Run(SLUG_PAD, 250, 1024)]),
    // Models.
    Rule::token("huggingface_token", &["hf_", "api_org_"], &[Run(ALNUM, 34, 40)]),
    Rule::token("replicate_token", &["r8_"], &[Run(ALNUM, 37, 40)]),
    Rule::token("groq_key", &["gsk_"], &[Run(ALNUM, 48, 64)]),
    Rule::token("perplexity_key", &["pplx-"], &[Run(ALNUM, 48, 64)]),
    Rule::token("xai_key", &["xai-"], &[Run(ALNUM, 70, 90)]),
    Rule::token("openrouter_key", &["sk-or-v1-"], &[exactly(HEX, 64)]),
    Rule::token("deepseek_key", &["sk-"], &[exactly(HEX, 32)]).rated(High, 0.85),
    Rule::token("elevenlabs_key", &["sk_"], &[exactly(HEX, 48)]),
    Rule::token("langsmith_key", &["lsv2_pt_", "lsv2_sk_"], &[exactly(HEX, 32), Text("_"), exactly(HEX, 10)]),
    Rule::token("nvidia_api_key", &["nvapi-"], &[Run(SLUG, 60, 80)]),
    Rule::token("pinecone_key", &["pcsk_"], &[Run(WORD, 40, 90)]),
    Rule::token("cerebras_key", &["csk-"], &[Run(ALNUM, 48, 60)]),
    Rule::token("fireworks_key", &["fw_"], &[Run(ALNUM, 22, 40)]).rated(High, 0.85).checked(judge::is_mixed),
    Rule::token("tavily_key", &["tvly-"], &[Run(SLUG, 32, 60)]),
    Rule::token("firecrawl_key", &["fc-"], &[exactly(HEX, 32)]).rated(High, 0.9),
    // Chat and mail.
    Rule::token("slack_app_token", &["xapp-"], &[exactly(DIGIT, 1), Text("-"), Run(ALNUM | 1 << b'-', 30, 256)]),
    Rule::token("slack_config_token", &["xoxe-", "xoxe.xoxp-", "xoxe.xoxb-"], &[Run(SLUG, 30, 320)]),
    Rule::token("slack_webhook", &["hooks.slack.com/services/", "hooks.slack.com/workflows/"], &[Run(PATH, 30, 120)])
        .rated(High, 0.95),
    Rule::token(
        "discord_webhook",
        &["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"],
        &[Run(DIGIT, 17, 20), Text("/"), Run(SLUG, 60, 80)],
    )
    .rated(High, 0.97),
    Rule::token("teams_webhook", &["webhook.office.com/webhookb2/"], &[Run(PATH, 60, 256)]).rated(High, 0.95),
    Rule::token("zapier_webhook", &["hooks.zapier.com/hooks/catch/"], &[Run(PATH, 8, 80)]).rated(Medium, 0.9),
    Rule::read("telegram_bot_token", &[":aa"], read::telegram),
    Rule::token("sendgrid_key", &["SG."], &[Run(SLUG, 16, 32), Text("."), Run(SLUG, 16, 64)]).checked(judge::is_varied),
    Rule::token("mailgun_key", &["key-"], &[exactly(HEX, 32)]),
    Rule::token("mailersend_token", &["mlsn."], &[exactly(HEX, 64)]),
    Rule::token("brevo_key", &["xkeysib-"], &[exactly(HEX, 64), Text("-"), exactly(ALNUM, 16)]),
    Rule::token("resend_key", &["re_"], &[exactly(ALNUM, 8), Text("_"), exactly(ALNUM, 24)]),
    // Money and shops.
    Rule::token("stripe_restricted_key", &["rk_live_", "rk_test_"], &[at_least(ALNUM, 24)]),
    Rule::token("stripe_webhook_secret", &["whsec_"], &[Run(B64, 32, 64), Run(PAD, 0, 2)]).rated(High, 0.95),
    Rule::token("shopify_token", &["shpat_", "shpca_", "shppa_", "shpss_", "shpua_"], &[exactly(HEX, 32)]),
    Rule::token("square_token", &["sq0atp-", "sq0idp-"], &[Run(SLUG, 22, 24)]),
    Rule::token("square_secret", &["sq0csp-"], &[exactly(SLUG, 43)]),
    Rule::token("square_token", &["EAAA"], &[exactly(SLUG, 60)]).checked(judge::is_mixed),
    Rule::token(
        "paypal_braintree_token",
        &["access_token$production$", "access_token$sandbox$"],
        &[exactly(ALNUM, 16), Text("$"), exactly(HEX, 32)],
    ),
    Rule::token("razorpay_key", &["rzp_live_", "rzp_test_"], &[exactly(ALNUM, 14)]).rated(High, 0.9),
    Rule::token(
        "plaid_access_token",
        &["access-sandbox-", "access-development-", "access-production-"],
        &[exactly(HEX_DASH, 36)],
    ),
    Rule::token("flutterwave_key", &["FLWSECK-", "FLWSECK_TEST-"], &[exactly(ALNUM, 32), Text("-X")]),
    Rule::token("easypost_key", &["EZAK", "EZTK"], &[exactly(ALNUM, 54)]),
    Rule::token("shippo_token", &["shippo_live_", "shippo_test_"], &[exactly(HEX, 40)]),
    // Watching and data.
    Rule::token("newrelic_user_key", &["NRAK-"], &[exactly(UPPER_DIGIT, 27)]),
    Rule::token("newrelic_browser_key", &["NRJS-"], &[exactly(HEX, 19)]).rated(Medium, 0.9),
    Rule::token("newrelic_insights_key", &["NRII-", "NRIQ-"], &[exactly(SLUG, 32)]),
    Rule::token("grafana_token", &["glsa_"], &[exactly(ALNUM, 32), Text("_"), exactly(HEX, 8)]),
    Rule::token("grafana_cloud_token", &["glc_eyJ"], &[Run(B64, 32, 400), Run(PAD, 0, 2)]),
    Rule::token("sentry_token", &["sntrys_", "sntryu_"], &[Run(SLUG_PAD | 1 << b'+' | 1 << b'/', 60, 400)]),
    Rule::token(
        "dynatrace_token",
        &["dt0c01.", "dt0s01."],
        &[exactly(UPPER_DIGIT, 24), Text("."), exactly(UPPER_DIGIT, 64)],
    ),
    Rule::token("posthog_key", &["phx_"], &[Run(ALNUM, 40, 60)]),
    Rule::token("databricks_token", &["dapi"], &[exactly(HEX, 32), Maybe(&[Text("-"), exactly(DIGIT, 1)])]),
    Rule::token("supabase_token", &["sbp_"], &[exactly(HEX, 40)]),
    Rule::token("supabase_token", &["sb_secret_"], &[Run(SLUG, 30, 60)]),
    Rule::token("planetscale_token", &["pscale_tkn_", "pscale_pw_", "pscale_oauth_"], &[Run(SLUG_DOT, 32, 64)]),
    Rule::token("neon_api_key", &["napi_"], &[Run(ALNUM, 48, 80)]),
    // Work and design.
    Rule::token("linear_api_key", &["lin_api_"], &[exactly(ALNUM, 40)]),
    Rule::token("linear_oauth_token", &["lin_oauth_"], &[exactly(HEX, 64)]),
    Rule::token("notion_token", &["ntn_"], &[Run(ALNUM, 40, 60)]),
    Rule::token("notion_token", &["secret_"], &[exactly(ALNUM, 43)]),
    Rule::token("airtable_pat", &["pat"], &[exactly(ALNUM, 14), Text("."), exactly(HEX, 64)]),
    Rule::token("hubspot_token", &["pat-na1-", "pat-na2-", "pat-eu1-"], &[exactly(HEX_DASH, 36)]),
    Rule::token("figma_token", &["figd_", "figu_", "figo_"], &[Run(SLUG, 40, 80)]),
    Rule::token("contentful_token", &["CFPAT-"], &[exactly(SLUG, 43)]),
    Rule::token("typeform_token", &["tfp_"], &[Run(SLUG_DOT, 44, 64)]),
    Rule::token("frameio_token", &["fio-u-"], &[Run(SLUG_PAD, 60, 72)]),
    Rule::token("mapbox_secret_token", &["sk.eyJ"], &[Run(SLUG, 60, 200), Text("."), exactly(SLUG, 22)]),
    Rule::token("adafruit_key", &["aio_"], &[exactly(ALNUM, 28)]),
    Rule::token("facebook_token", &["EAA"], &[Run(ALNUM, 90, 300)]).rated(High, 0.85).checked(judge::is_mixed),
    Rule::token("dropbox_token", &["sl."], &[Run(SLUG, 130, 1400)]).rated(High, 0.9),
    // Keys as text and addresses with a password.
    Rule::token("age_secret_key", &["AGE-SECRET-KEY-1"], &[exactly(UPPER_DIGIT, 58)]).rated(Critical, 0.99),
    Rule::token("putty_private_key", &["putty-user-key-file-"], &[exactly(DIGIT, 1), Text(":")])
        .any_case()
        .rated(High, 0.9),
    Rule::read("url_password", &["https://", "http://", "ftp://", "sftp://", "ssh://"], read::url_password)
        .rated(High, 0.8),
    Rule::read(
        "connection_string",
        &[
            "mssql://",
            "sqlserver://",
            "clickhouse://",
            "cockroachdb://",
            "cassandra://",
            "neo4j://",
            "ldap://",
            "ldaps://",
            "smtp://",
            "smtps://",
            "mqtt://",
            "mqtts://",
            "nats://",
            "cloudinary://",
        ],
        read::connection,
    )
    .rated(Critical, 0.9),
    Rule::token("sentry_dsn_secret", &["sentry_key="], &[exactly(HEX, 32)]).rated(Low, 0.7),
];

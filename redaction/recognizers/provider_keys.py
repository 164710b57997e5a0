"""Keys and tokens that begin with a literal of their provider: one line a kind.

A line is: provider | beginnings | pattern of the rest | where the provider documents it. Lengths are those of the
provider or a little less, so that truncated keys are found too. If a beginning is also an ordinary word, the rest must
have a digit: "sk-loading-spinner" is a class of CSS.
"""

from __future__ import annotations

from redaction.recognizers.literals import Kind

_SHORTHAND = {"<1>": r"(?=[A-Za-z_-]*\d)", "<w>": "[A-Za-z0-9_-]", "<a>": "[A-Za-z0-9]", "<h>": "[0-9a-fA-F]"}

_TABLE = r"""
# Models
OpenAI, DeepSeek and more | sk- | <1><w>{12,} | platform.openai.com/docs/api-reference
Anthropic | sk-ant- | <w>{16,} | docs.anthropic.com/en/api/overview
OpenRouter | sk-or-v1- | <h>{16,} | openrouter.ai/docs/api-reference/authentication
Langfuse | sk-lf- pk-lf- | <w>{4,} | langfuse.com/docs/api
LangSmith | lsv2_pt_ lsv2_sk_ ls__ | [A-Za-z0-9_]{16,} | docs.smith.langchain.com
Hugging Face | hf_ api_org_ | <a>{16,} | huggingface.co/docs/hub/security-tokens
Groq | gsk_ | <a>{20,} | console.groq.com/docs/quickstart
Perplexity | pplx- | <a>{20,} | docs.perplexity.ai
Replicate | r8_ | <a>{20,} | replicate.com/docs/topics/security/api-tokens
NVIDIA | nvapi- | <w>{20,} | docs.api.nvidia.com
xAI | xai- | <a>{20,} | docs.x.ai/docs/overview
Cerebras | csk- | <a>{20,} | inference-docs.cerebras.ai
Together | tgp_v1_ | <w>{20,} | docs.together.ai/docs/quickstart
Fireworks | fw_ | <1><a>{20,} | docs.fireworks.ai/getting-started/quickstart
Voyage | pa- | <1><w>{40,} | docs.voyageai.com/docs/api-key-and-installation
Jina | jina_ | <w>{32,} | jina.ai/api-dashboard
Tavily | tvly- | <1><w>{12,} | docs.tavily.com
Firecrawl | fc- | <h>{32} | docs.firecrawl.dev
Brave Search | BSA | <1><w>{27,} | api-dashboard.search.brave.com
E2B | e2b_ sk_e2b_ | <h>{32,} | e2b.dev/docs/api-key
Pinecone | pcsk_ | [A-Za-z0-9_]{20,} | docs.pinecone.io/guides/projects/manage-api-keys
ElevenLabs | sk_ | <h>{32,} | elevenlabs.io/docs/api-reference/authentication
Logfire | pylf_v1_ | [a-z]{2}_[A-Za-z0-9]{20,} | logfire.pydantic.dev/docs
Weights & Biases | wandb_v1_ | <w>{20,} | docs.wandb.ai
Browserbase | bb_live_ bb_test_ | <w>{20,} | docs.browserbase.com
# Clouds
AWS access key id | AKIA ASIA AROA AIDA AGPA ANPA ABIA ACCA | [A-Z0-9]{12,} | docs.aws.amazon.com/IAM/latest/UserGuide
AWS Bedrock | ABSK bedrock-api-key- | [A-Za-z0-9+/=]{40,} | docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html
Amazon MWS | amzn.mws. | <h>{8}(?:-<h>{4}){3}-<h>{12} | docs.developer.amazonservices.com
Google API | AIza | <w>{20,} | cloud.google.com/docs/authentication/api-keys
Google OAuth access | ya29. | [A-Za-z0-9._-]{10,} | developers.google.com/identity/protocols/oauth2
Google OAuth refresh | 1//0 | <w>{30,} | developers.google.com/identity/protocols/oauth2
Google OAuth client | GOCSPX- | <w>{16,} | developers.google.com/identity/protocols/oauth2
DigitalOcean | dop_v1_ doo_v1_ dor_v1_ | <h>{20,} | docs.digitalocean.com/reference/api/create-personal-access-token
Alibaba Cloud | LTAI | <1><a>{12,24}(?![A-Za-z0-9]) | alibabacloud.com/help/en/ram
Heroku | HRKU- | <w>{30,} | devcenter.heroku.com/articles/authentication
Fly.io | fo1_ fm1a_ fm1r_ fm2_ | [A-Za-z0-9_+/=,-]{20,} | fly.io/docs/security/tokens
Vercel | vcp_ vci_ vca_ vcr_ vck_ vercel_blob_rw_ | [A-Za-z0-9_]{20,} | vercel.com/docs/rest-api
Netlify | nfp_ nfc_ nfo_ nfb_ nfu_ | <a>{30,} | docs.netlify.com/api/get-started
Cloudflare | cfut_ cfat_ cfk_ | <w>{30,} | developers.cloudflare.com/fundamentals/api
Cloudflare Origin CA | v1.0- | <h>{16,}-<h>{32,} | developers.cloudflare.com/fundamentals/api
Supabase | sbp_ sb_secret_ sb_publishable_ | <w>{20,} | supabase.com/docs/guides/api/api-keys
PlanetScale | pscale_tkn_ pscale_pw_ pscale_oauth_ | [A-Za-z0-9._=-]{20,} | planetscale.com/docs
Neon | napi_ | <a>{30,} | neon.com/docs/manage/api-keys
Databricks | dapi dose dkea | <h>{32}(?:-\d)? | docs.databricks.com/dev-tools/auth/pat
HashiCorp Vault | hvs. hvb. hvr. | <w>{16,} | developer.hashicorp.com/vault/docs/concepts/tokens
Doppler | dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit. | [A-Za-z0-9._-]{20,} | docs.doppler.com/reference
1Password service account | ops_eyJ | [A-Za-z0-9+/=_-]{40,} | developer.1password.com/docs/service-accounts
Pulumi | pul- | <h>{40} | pulumi.com/docs/pulumi-cloud/access-management/access-tokens
Tailscale | tskey- | <w>{20,} | tailscale.com/kb/1277/key-prefixes
OpenShift | sha256~ | <w>{30,} | docs.openshift.com/container-platform/latest/authentication
Docker Hub | dckr_pat_ dckr_oat_ | <w>{12,} | docs.docker.com/security/access-tokens
# Code
GitHub | ghp_ gho_ ghu_ ghs_ ghr_ | <a>{16,} | github.blog/2021-04-05-behind-githubs-new-authentication-token-formats
GitHub fine-grained | github_pat_ | [A-Za-z0-9_]{20,} | docs.github.com/authentication
GitLab | glpat- gldt- glrt- glcbt- glptt- glft- glsoat- glimt- glagent- gloas- | [\w.-]{12,} | docs.gitlab.com/security
Bitbucket and Atlassian | ATATT3 ATCTT3 ATBB | [A-Za-z0-9_=-]{20,} | support.atlassian.com/organization-administration
npm | npm_ | <a>{20,} | docs.npmjs.com/about-access-tokens
PyPI | pypi- | <1><w>{16,} | pypi.org/help/#apitoken
RubyGems | rubygems_ | <h>{40,} | guides.rubygems.org/api-key-scopes
Clojars | CLOJARS_ | [a-z0-9]{50,} | github.com/clojars/clojars-web/wiki/Deploy-Tokens
NuGet | oy2 | [a-z0-9]{43}(?![a-z0-9]) | learn.microsoft.com/nuget/nuget-org/publish-a-package
JFrog | AKCp cmVmdGtu | <a>{50,} | jfrog.com/help
CircleCI | CCIPAT_ CCIPRJ_ | [A-Za-z0-9_]{30,} | circleci.com/docs/managing-api-tokens
Buildkite | bkua_ bkaj_ | <h>{30,} | buildkite.com/docs/apis/managing-api-tokens
SonarQube | squ_ sqp_ sqa_ | <h>{40} | docs.sonarsource.com
Sourcegraph | sgp_ | [A-Za-z0-9_]{30,} | sourcegraph.com/docs/cli/how-tos/creating_an_access_token
Prefect | pnu_ pnb_ | <a>{30,} | docs.prefect.io
Postman | PMAK- | <h>{20,}(?:-<h>{20,})? | learning.postman.com/docs/developer/postman-api/authentication
Linear | lin_api_ lin_oauth_ | <a>{16,} | linear.app/developers
Notion | ntn_ secret_ | <a>{40,} | developers.notion.com/docs/authorization
Airtable | pat | [A-Za-z0-9]{14}\.[0-9a-f]{40,} | airtable.com/developers/web/guides/personal-access-tokens
Figma | figd_ figo_ figu_ | <w>{16,} | figma.com/developers/api#access-tokens
Contentful | CFPAT- | <w>{40,} | contentful.com/developers/docs/references/authentication
Typeform | tfp_ | <w>{30,} | typeform.com/developers/get-started/personal-access-token
Mapbox | sk.eyJ pk.eyJ tk.eyJ | [A-Za-z0-9._-]{20,} | docs.mapbox.com/help/glossary/access-token
Dropbox | sl. | <1>[A-Za-z0-9_.-]{50,} | dropbox.com/developers/documentation
# Messages
Slack | xoxa- xoxb- xoxp- xoxo- xoxs- xoxr- xoxe- xoxe. xoxc- xoxd- | [A-Za-z0-9_.%-]{8,} | api.slack.com/authentication
Slack app | xapp- | \d-<w>{8,} | api.slack.com/authentication
Twilio | SK AC | [0-9a-f]{32}(?![0-9a-zA-Z]) | twilio.com/docs/glossary/what-is-a-sid
SendGrid | SG. | <w>{10,}\.<w>{10,} | docs.sendgrid.com/ui/account-and-settings/api-keys
Mailgun | key- pubkey- | [0-9a-f]{32} | documentation.mailgun.com/docs/mailgun/api-reference
Brevo | xkeysib- xsmtpsib- | <w>{40,} | developers.brevo.com
Resend | re_ | <1><a>{6,}_<a>{16,} | resend.com/docs
Intercom | dG9rO | [A-Za-z0-9+/=]{40,} | developers.intercom.com
HubSpot | pat-na1- pat-na2- pat-na3- pat-eu1- pat-ap1- | <h>{8}-[0-9a-f-]{20,} | developers.hubspot.com
Facebook | EAA | <1><a>{20,} | developers.facebook.com/docs/facebook-login/guides/access-tokens
# Money
Stripe | sk_live_ sk_test_ rk_live_ rk_test_ pk_live_ pk_test_ whsec_ | [A-Za-z0-9+/=]{8,} | docs.stripe.com/keys
Square | sq0atp- sq0csp- sq0idp- EAAA | <w>{16,} | developer.squareup.com/docs/build-basics/access-tokens
Shopify | shpat_ shpca_ shppa_ shpss_ shptka_ | <h>{20,} | shopify.dev/changelog
Braintree | access_token$production$ access_token$sandbox$ | [a-z0-9]{16}[$]<h>{32} | developer.paypal.com/braintree
Razorpay | rzp_live_ rzp_test_ | <a>{10,} | razorpay.com/docs/api/authentication
Flutterwave | FLWSECK- FLWSECK_TEST- FLWPUBK- | <w>{12,} | developer.flutterwave.com
Plaid | access-sandbox- access-development- access-production- | <h>{8}-[0-9a-f-]{20,} | plaid.com/docs/api
EasyPost | EZAK EZTK | <a>{40,} | easypost.com/docs/api
Shippo | shippo_live_ shippo_test_ | <h>{30,} | docs.goshippo.com
# Observability
Spanledger | spl_ | <h>{20,} | spanledger keys new --help
New Relic | NRAK- NRJS- NRII- NRIQ- NRRA- | <w>{19,} | docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys
Grafana | glsa_ glc_ | [A-Za-z0-9_+/=-]{30,} | grafana.com/docs/grafana/latest/administration/service-accounts
Grafana, older | eyJrIjoi | [A-Za-z0-9_=]{20,} | grafana.com/docs/grafana/latest/administration/api-keys
Sentry | sntrys_ sntryu_ sntrya_ sntryi_ | [A-Za-z0-9_=+/-]{20,} | docs.sentry.io/account/auth-tokens
PostHog | phc_ phx_ phs_ | <a>{20,} | posthog.com/docs/api
Dynatrace | dt0c01. dt0s01. dt0s16. | [A-Z0-9]{20,}\.[A-Z0-9]{40,} | docs.dynatrace.com/docs/dynatrace-api/basics
Datadog | ddpat_ ddapp_ | <w>{30,} | docs.datadoghq.com/account_management/api-app-keys
Better Stack, Honeycomb | hcaik_ hcxik_ hcalk_ | <a>{30,} | docs.honeycomb.io/configure/environments/manage-api-keys
"""


def _kind(line: str) -> Kind:
    name, beginnings, rest, _source = line.split(" | ")
    for short, long in _SHORTHAND.items():
        rest = rest.replace(short, long)
    return Kind(name, beginnings, rest)


KINDS = (
    *(_kind(line) for line in _TABLE.splitlines() if line and not line.startswith("#")),
    Kind("age", "AGE-SECRET-KEY-", "[A-Z0-9]{20,}", "PRIVATE_KEY"),  # age-encryption.org/v1
)

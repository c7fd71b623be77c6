//! What the server answers to each request of the protocol.

use std::sync::OnceLock;

use rmcp::model::{
    ArgumentInfo, CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult,
    CompletionInfo, CustomRequest, CustomResult, DiscoverResult, ErrorCode, ErrorData,
    GetPromptRequestParams, GetPromptResponse, ListPromptsResult, ListResourceTemplatesResult,
    ListToolsResult, MetaObject, PaginatedRequestParams, ProtocolVersion, ReadResourceRequestParams,
    ReadResourceResponse, ServerCapabilities, ServerConfig, SubscribeRequestParams, SubscriptionFilter, Tool,
    UnsubscribeRequestParams,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{RoleServer, ServerHandler};
use tokio::sync::Semaphore;

use crate::asker::Asker;
use crate::guarded::guarded;
use crate::instructions::Kept;
use crate::live::{Live, OpenSession};
use crate::progress::Progress;
use crate::prompts::Unfit;
use crate::resources::ADDRESS_BYTES_MAX;
use crate::trace::{CallerTrace, headers};
use crate::watch::SessionWatch;
use crate::{calls, card, resources, watch};

/// How long a client may keep a list, in milliseconds. One that listens hears of a change at once.
const LIST_TTL_MS: u64 = 60_000;

/// Most listening requests of one session; each of them is a request that stays unanswered.
const LISTENERS_MAX: usize = 16;

/// One client's view of what is served. Invariant: one for each session, since what is watched is the session's.
pub(crate) struct Surface {
    live: Live,
    watch: SessionWatch,
    listeners: Semaphore,
    /// Set once the client has opened its session.
    opened: OnceLock<OpenSession>,
}

impl Surface {
    pub(crate) fn new(live: Live) -> Self {
        Self {
            live,
            watch: SessionWatch::default(),
            listeners: Semaphore::new(LISTENERS_MAX),
            opened: OnceLock::new(),
        }
    }

    /// Every 2026-07-28 result names its server, since there is no session that could have.
    fn signed(&self, meta: Option<MetaObject>, era: Era) -> Option<MetaObject> {
        match era {
            Era::Handshake => meta,
            Era::Stateless => Some(self.live.signature().under(meta)),
        }
    }
}

impl ServerHandler for Surface {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_completions()
            .enable_resources()
            .enable_resources_subscribe()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(self.live.signature().server())
            .with_instructions(Kept::of(&self.live.now().runtime).instructions())
    }

    async fn discover(&self, _context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        Ok(DiscoverResult::from_server_info(versions, self.get_info())
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Private))
    }

    async fn list_tools(
        &self,
        page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        refuse_cursor(page)?;
        let era = Era::of(&context);
        let (served, asker) = (self.live.now(), Asker::of(&context.extensions));
        let sees = |name: &str| asker.sees(&served, served.tools.canonical(name));
        let mut tools: Vec<Tool> =
            served.tools.list().iter().filter(|tool| sees(&tool.name)).cloned().collect();
        if card::is_shown(&context) {
            tools = tools.into_iter().map(card::beside).collect();
        }
        let mut result = ListToolsResult::with_all_items(tools);
        result.meta = self.signed(None, era);
        (result.ttl_ms, result.cache_scope) = era.list_hints();
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let served = self.live.now();
        let trace = CallerTrace::of(context.meta.get_traceparent(), headers(&context.extensions));
        let mut call = calls::asked(&served, request);
        let name = call.name.clone();
        let progress = Progress::wanted(&context, &mut call);
        let asker = Asker::of(&context.extensions);
        let work = calls::carry_out(&self.live, &served, &asker, call, trace, context.ct.cancelled());
        let mut result = calls::result(&self.live, &served, &name, progress.of(work).await)?;
        result.meta = self.signed(result.meta, Era::of(&context));
        Ok(result.into())
    }

    async fn list_resource_templates(
        &self,
        page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        refuse_cursor(page)?;
        let era = Era::of(&context);
        let mut result = resources::templates(Kept::of(&self.live.now().runtime));
        result.meta = self.signed(None, era);
        (result.ttl_ms, result.cache_scope) = era.list_hints();
        Ok(result)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let address = address(request.uri)?;
        if address == card::ADDRESS && card::is_shown(&context) {
            let mut result = card::contents();
            result.meta = self.signed(None, Era::of(&context));
            return Ok(result.into());
        }
        let runtime = Asker::of(&context.extensions).runtime(&self.live.now());
        let wanted = address.clone();
        let work = async move { runtime.resource(&wanted).await };
        let record = guarded(context.ct.cancelled(), Box::pin(work))
            .await
            .map_err(|refusal| resources::error(&address, &refusal))?;
        let mut result = resources::contents(&address, &record);
        result.meta = self.signed(None, Era::of(&context));
        Ok(result.into())
    }

    async fn list_prompts(
        &self,
        page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        refuse_cursor(page)?;
        let era = Era::of(&context);
        let mut result = {
            let (served, asker) = (self.live.now(), Asker::of(&context.extensions));
            ListPromptsResult::with_all_items(served.prompts.list(&|name| asker.sees(&served, name)))
        };
        result.meta = self.signed(None, era);
        (result.ttl_ms, result.cache_scope) = era.list_hints();
        Ok(result)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let (served, asker) = (self.live.now(), Asker::of(&context.extensions));
        let mut result = served.prompts.get(&request, &|name| asker.sees(&served, name)).map_err(unfit)?;
        result.meta = self.signed(None, Era::of(&context));
        Ok(result.into())
    }

    /// From what the config declares only, so that nothing of a database can be guessed letter by letter.
    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let Some(prompt) = request.r#ref.as_prompt_name() else {
            return Err(unfit("only the arguments of prompts are completed".to_owned()));
        };
        let ArgumentInfo { name, value, .. } = &request.argument;
        let (served, asker) = (self.live.now(), Asker::of(&context.extensions));
        let sees = |name: &str| asker.sees(&served, name);
        let found = served.prompts.complete(prompt, name, value, &sees).map_err(unfit)?;
        let more = found.total > found.values.len();
        let total = u32::try_from(found.total).ok();
        let info = CompletionInfo::with_pagination(found.values, total, more).map_err(unfit)?;
        let mut result = CompleteResult::new(info);
        result.meta = self.signed(None, Era::of(&context));
        Ok(result)
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let asker = Asker::of(&context.extensions);
        self.watch.subscribe(&self.live, asker, context.peer, address(request.uri)?).await
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.watch.unsubscribe(&request.uri).await
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(watch::accepted(requested))
    }

    async fn listen(&self, request: SubscriptionContext) -> Result<(), ErrorData> {
        let Ok(_listener) = self.listeners.try_acquire() else {
            let text = format!("a session may have `{LISTENERS_MAX}` listening requests at most: cancel one");
            return Err(ErrorData::invalid_request(text, None));
        };
        watch::listen(&self.live, &request).await;
        Ok(())
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.opened.get_or_init(|| self.live.session_opened());
        self.watch.tell_of_lists(&self.live, context.peer);
    }

    /// Also where a known method with malformed parameters ends up: rmcp takes it for a method it does not know.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        const SERVED: [&str; 10] = [
            "tools/call",
            "tools/list",
            "prompts/get",
            "prompts/list",
            "completion/complete",
            "resources/read",
            "resources/templates/list",
            "resources/subscribe",
            "resources/unsubscribe",
            "subscriptions/listen",
        ];
        if SERVED.contains(&request.method.as_str()) {
            return Err(ErrorData::invalid_params("the parameters do not have the method's shape", None));
        }
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "no such method is served", None))
    }
}

/// Which of the two wires a request uses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Era {
    /// Opened by `initialize`.
    Handshake,
    /// 2026-07-28 and later: each request stands alone, and results say how long they may be kept.
    Stateless,
}

impl Era {
    fn of(context: &RequestContext<RoleServer>) -> Self {
        // Versions are dates, so their texts compare as they do.
        let stateless = context
            .protocol_version()
            .is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str());
        if stateless { Self::Stateless } else { Self::Handshake }
    }

    /// Private, because what is served may depend on who asks.
    fn list_hints(self) -> (Option<u64>, Option<CacheScope>) {
        match self {
            Self::Handshake => (None, None),
            Self::Stateless => (Some(LIST_TTL_MS), Some(CacheScope::Private)),
        }
    }
}

fn unfit(text: Unfit) -> ErrorData {
    ErrorData::invalid_params(text, None)
}

/// An address that may be looked up.
fn address(uri: String) -> Result<String, ErrorData> {
    if uri.len() > ADDRESS_BYTES_MAX {
        return Err(ErrorData::invalid_params("no resource has so long an address", None));
    }
    Ok(uri)
}

/// Every list is one page, so no cursor was ever handed out.
fn refuse_cursor(page: Option<PaginatedRequestParams>) -> Result<(), ErrorData> {
    match page.and_then(|page| page.cursor) {
        Some(_) => Err(ErrorData::invalid_params("the cursor is not one of this server's", None)),
        None => Ok(()),
    }
}

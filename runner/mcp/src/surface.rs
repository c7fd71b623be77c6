//! What the server answers to each request of the protocol.

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CustomRequest, CustomResult,
    DiscoverResult, ErrorCode, ErrorData, Implementation, ListResourceTemplatesResult, ListToolsResult,
    MetaObject, PaginatedRequestParams, ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse,
    ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::json;
use synapsor_invocation::{Runtime, ToolCall};
use synapsor_protocol::Code;
use tracing::Instrument as _;

use crate::call::guarded;
use crate::error::Error;
use crate::points::point;
use crate::serve::ServeOptions;
use crate::tools::Tools;
use crate::{envelope, resources};

/// How long a client may keep a list, in milliseconds. The config is read once, so a list changes only with a restart.
const LIST_TTL_MS: u64 = 60_000;

/// Longest resource address worth looking up, in bytes.
const ADDRESS_BYTES_MAX: usize = 512;

/// Where 2026-07-28 results name the server.
const SERVER_INFO_KEY: &str = "io.modelcontextprotocol/serverInfo";

const INSTRUCTIONS: &str = "\
Tools here read single rows of a business database, or propose a change to one. \
Each tool works for one tenant and one principal, which the operator has set; you cannot name or change either, and an \
argument that tries is refused. You cannot send SQL, choose tables or columns, or list rows you have no key for. \
A proposal changes nothing: it is stored with what was read, and a person approves or rejects it outside this \
conversation. You cannot approve or apply it, so say that it waits and give its id. \
Proposing the same again returns the waiting proposal. \
A refused call is an error result with a stable code; repeat it only if it says `retryable`.";

/// One client's view of a runtime.
pub(crate) struct Surface {
    runtime: Runtime,
    tools: Tools,
    server: Implementation,
    result_bytes_max: usize,
}

impl Surface {
    pub(crate) fn new(runtime: Runtime, options: &ServeOptions) -> Result<Self, Error> {
        let mut server = Implementation::new("synapsor-runner", options.server_version.clone());
        server.title = Some("Synapsor Runner".to_owned());
        server.description = Some("scoped reads and reviewed proposals; never a direct write".to_owned());
        Ok(Self {
            tools: Tools::new(runtime.tools(), options.tool_names, runtime.result_format())?,
            runtime,
            server,
            result_bytes_max: options.result_bytes_max,
        })
    }

    /// Every 2026-07-28 result names its server, since there is no session that could have.
    fn signed(&self, meta: Option<MetaObject>, era: Era) -> Option<MetaObject> {
        match era {
            Era::Handshake => meta,
            Era::Stateless => {
                let mut meta = meta.unwrap_or_default();
                meta.0.insert(SERVER_INFO_KEY.to_owned(), json!(self.server));
                Some(meta)
            }
        }
    }
}

impl ServerHandler for Surface {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().enable_resources().build())
            .with_server_info(self.server.clone())
            .with_instructions(INSTRUCTIONS)
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
        let mut result = ListToolsResult::with_all_items(self.tools.list().to_vec());
        result.meta = self.signed(None, era);
        (result.ttl_ms, result.cache_scope) = era.list_hints();
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = self.tools.canonical(&request.name).to_owned();
        let call = ToolCall { name: name.clone(), arguments: request.arguments.unwrap_or_default() };
        let span = tracing::debug_span!(
            "tools/call",
            capability = name,
            traceparent = context.meta.get_traceparent().unwrap_or_default()
        );
        let runtime = self.runtime.clone();
        let work = async move { runtime.invoke(call).await }.instrument(span);
        let answer = guarded(context.ct.cancelled(), Box::pin(work)).await;
        point!("worker.reply", ErrorData::internal_error("a failpoint", None));

        let format = self.runtime.result_format();
        let mut result = match answer {
            Ok(answer) => {
                CallToolResult::structured(envelope::of_answer(format, &answer, self.result_bytes_max))
            }
            // No such tool, so no result of it either: the protocol's own error.
            Err(refusal) if refusal.code == Code::McpToolNotFound => {
                let data = json!({ "code": refusal.code });
                return Err(ErrorData::invalid_params(refusal.message, Some(data)));
            }
            Err(refusal) => CallToolResult::structured_error(envelope::of_refusal(format, &name, &refusal)),
        };
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
        let mut result = resources::templates();
        result.meta = self.signed(None, era);
        (result.ttl_ms, result.cache_scope) = era.list_hints();
        Ok(result)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let address = request.uri;
        if address.len() > ADDRESS_BYTES_MAX {
            return Err(ErrorData::invalid_params("no resource has so long an address", None));
        }
        let runtime = self.runtime.clone();
        let wanted = address.clone();
        let work = async move { runtime.resource(&wanted).await };
        let record = guarded(context.ct.cancelled(), Box::pin(work))
            .await
            .map_err(|refusal| resources::error(&address, &refusal))?;
        let mut result = resources::contents(&address, &record);
        result.meta = self.signed(None, Era::of(&context));
        Ok(result.into())
    }

    /// Also where a known method with malformed parameters ends up: rmcp takes it for a method it does not know.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        const SERVED: [&str; 4] = ["tools/call", "tools/list", "resources/read", "resources/templates/list"];
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

/// Every list is one page, so no cursor was ever handed out.
fn refuse_cursor(page: Option<PaginatedRequestParams>) -> Result<(), ErrorData> {
    match page.and_then(|page| page.cursor) {
        Some(_) => Err(ErrorData::invalid_params("the cursor is not one of this server's", None)),
        None => Ok(()),
    }
}

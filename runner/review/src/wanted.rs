//! What the address of a list asks for: filters, a place in the list, and a form to export it in.

use axum::http::Uri;
use synapsor_ledger::{Cursor, Filter, ObjectFilter, Page, Status};
use synapsor_protocol::ProposalId;
use url::form_urlencoded;

use crate::denied::Denied;

/// Records on one page.
const PAGE_ROWS: u32 = 50;
/// Longest value of a filter, in bytes.
const VALUE_BYTES_MAX: usize = 300;

/// The filters with a field in the search form, in its order.
const FIELDS: [(&str, &str); 5] = [
    ("capability", "Capability"),
    ("tenant", "Tenant"),
    ("principal", "Principal"),
    ("object", "Object, as invoice:INV-3001"),
    ("proposal", "Proposal id"),
];

/// A form to export a page in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Export {
    Json,
    Csv,
}

/// A field of the search form.
///
/// Its value is plain: it goes into an attribute, which the template escapes and which no mark may stand in.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) value: String,
}

/// The address, understood.
pub(crate) struct Wanted {
    pairs: Vec<(String, String)>,
    pub(crate) filter: Filter,
    pub(crate) page: Page,
    pub(crate) export: Option<Export>,
}

impl Wanted {
    pub(crate) fn of(uri: &Uri) -> Result<Self, Denied> {
        let mut wanted =
            Self { pairs: Vec::new(), filter: Filter::default(), page: Page::first(PAGE_ROWS), export: None };
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            if !value.is_empty() {
                wanted.take(&name, value.into_owned())?;
            }
        }
        Ok(wanted)
    }

    fn take(&mut self, name: &str, value: String) -> Result<(), Denied> {
        if value.len() > VALUE_BYTES_MAX {
            return Err(Denied::bad_form("a filter is longer than 300 bytes"));
        }
        let given = Some(value.clone());
        match name {
            "state" => {
                let status = Status::parse(&value);
                self.filter.status = Some(status.ok_or_else(|| Denied::bad_form("there is no such state"))?);
            }
            "capability" => self.filter.capability = given,
            "tenant" => self.filter.tenant = given,
            "principal" => self.filter.principal = given,
            "object" => {
                let object = ObjectFilter::parse(&value);
                self.filter.object =
                    object.ok_or_else(|| Denied::bad_form("expected an object as type:key"))?;
            }
            "proposal" => self.filter.proposal = Some(ProposalId::from_stored(&value)),
            "after" => {
                let cursor = value.parse::<Cursor>();
                self.page.after =
                    Some(cursor.map_err(|_| Denied::bad_form("there is no such place in the list"))?);
                return Ok(());
            }
            "export" => {
                self.export = Some(match value.as_str() {
                    "json" => Export::Json,
                    "csv" => Export::Csv,
                    _ => return Err(Denied::bad_form("a list is exported as json or csv")),
                });
                return Ok(());
            }
            _ => return Err(Denied::bad_form("the address asks for something unknown")),
        }
        if self.pairs.iter().any(|(known, _)| known == name) {
            return Err(Denied::bad_form("a filter stands in the address twice"));
        }
        self.pairs.push((name.to_owned(), value));
        Ok(())
    }

    /// The search form as it was filled in.
    pub(crate) fn fields(&self) -> Vec<Field> {
        let value = |name: &str| self.value(name).unwrap_or_default();
        FIELDS.map(|(name, label)| Field { name, label, value: value(name).to_owned() }).into()
    }

    /// What a filter was given.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether anything is looked for.
    pub(crate) fn is_filtered(&self) -> bool {
        !self.pairs.is_empty()
    }

    /// The same filters with more, as the query of an address.
    pub(crate) fn query(&self, more: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::from("?"));
        query
            .extend_pairs(self.pairs.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name)));
        query.extend_pairs(more.iter().filter(|(_, value)| !value.is_empty()));
        query.finish()
    }
}

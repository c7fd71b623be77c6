//! The story of one tool call, on one screen: eight steps from a name to a recorded answer.

use synapsor_config::Mode;
use synapsor_ledger::PastCall;
use synapsor_protocol::proposal::ProposalMode;
use synapsor_protocol::{Code, Kind, Proposal, ProposalId, Refusal};

use crate::answer::{Answer, ProposalAnswer, ReadAnswer, ToolCall, differences};
use crate::logic::Inputs;
use crate::runtime::{Runtime, mode_name};
use crate::stage::Stage;
use crate::trail::Trail;
use crate::{arguments, change, context, kept, logic, reads, rules};

impl Runtime {
    /// Carries out one call, and records it: what was read and proposed, or why it was refused. A delegated call is carried
    /// out, and recorded, by somebody else; of it a trace is kept.
    ///
    /// # Errors
    /// A [`Refusal`]; the source is unchanged in every case. When the record itself cannot be written, that is the
    /// refusal: no answer leaves without its record.
    pub async fn invoke(&self, call: ToolCall) -> Result<Answer, Refusal> {
        if let Some(served) = self.delegated() {
            return self.delegate(served, call).await;
        }
        let now = self.shared.clock.now();
        let mut trail = Trail::new(&call.name, call.trace.clone(), now, self.shared.ids.as_ref());
        let ended = self.story(&call, &mut trail).await;
        call.used(trail.usage());
        let told = match ended {
            Ok(ending) => match self.record(ending, trail.clone()).await {
                // The ledger itself is what failed, so there is nobody to tell.
                Err(refusal) if refusal.code.kind() == Kind::Failure => return Err(refusal),
                recorded => recorded,
            },
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = &told {
            let (audit, evidence) = trail.clone().refused(refusal.code);
            let recorded = self.shared.notebook.record_refusal(audit, evidence).await;
            recorded.map_err(|error| error.refusal())?;
        }
        call.reached(Stage::Recorded);
        self.show_candidate(&call.name, &told, trail);
        told
    }

    async fn story(&self, call: &ToolCall, trail: &mut Trail) -> Result<Ending, Refusal> {
        let shared = self.shared.as_ref();
        // 1 the capability
        let capability = shared.catalog.find(&call.name)?;
        // 2 the arguments
        let arguments = arguments::check(capability, &call.arguments)?;
        // 3 whose data, and who asks
        let context = context::resolve(capability, &self.grounds())?;
        trail.asked_by(&context);
        call.reached(Stage::Checked);
        // 4 the row
        let key = arguments::key(capability, &arguments)?;
        trail.queries(capability, shared.catalog.fingerprint(capability)?);
        let row = reads::scoped_row(&shared.sources, capability, &context, key).await?;
        call.reached(Stage::Read);
        if self.has_candidate(&call.name) {
            trail.shaped_by(row.shape());
        }
        kept::refuse_repeated(capability, row.columns(), &arguments)?;
        let kept = kept::keep(&shared.notebook, capability, &context, row.columns()).await?;
        let proposing = capability.proposal.as_ref().map(|rules| (rules, kept.clone()));
        let ids = shared.ids.as_ref();
        let evidence_id = trail.read(ids, capability, &context, key.clone(), kept, arguments.as_columns());
        let Some((rules, kept)) = proposing else {
            return Ok(Ending::Read(Box::new(ReadAnswer {
                capability: capability.name.clone(),
                mode: mode_name(shared.mode),
                table: capability.target.table.clone(),
                key: key.clone(),
                data: reads::only(row.into_columns(), &capability.visible_columns),
                context,
                evidence_id,
            })));
        };
        // 5 the logic
        let inputs = Inputs {
            capability,
            context: &context,
            arguments: &arguments,
            row: &row,
            received_at: trail.received_at(),
        };
        let (wanted, account) = logic::run(shared, rules, inputs, trail).await?.split();
        // 6 the rules
        let patch = rules::enforce(rules, &row, wanted)?;
        call.reached(Stage::Decided);
        // 7 the change set
        let change_set = change::change_set(capability, rules, &context, (&row, kept), patch, account)?;
        Ok(Ending::Proposal(Box::new(Draft { change_set, context })))
    }

    /// 8 the record: evidence, audit, proposal and events in one commit, which of a proposal is durable.
    async fn record(&self, ending: Ending, trail: Trail) -> Result<Answer, Refusal> {
        match ending {
            Ending::Read(answer) => {
                let (audit, evidence) = trail.finish();
                let evidence = evidence.ok_or_else(|| Refusal::bug("a read without evidence"))?;
                self.shared.notebook.record_read(evidence, audit).await.map_err(|error| error.refusal())?;
                Ok(Answer::Read(answer))
            }
            Ending::Proposal(draft) => self.record_proposal(draft, trail).await,
        }
    }

    /// The call is answered and on record; nothing that happens here waits or fails.
    fn show_candidate(&self, capability: &str, told: &Result<Answer, Refusal>, trail: Trail) {
        let Some(candidates) = self.candidates.as_ref().filter(|_| self.has_candidate(capability)) else {
            return;
        };
        let Some((evidence, table)) = trail.for_candidate() else { return };
        let (proposal, refused) = match told {
            Ok(Answer::Proposal(answer)) => (Some(answer.proposal.clone()), None),
            Ok(Answer::Read(_) | Answer::Delegated(_)) => return,
            // What could not be answered, or not be recorded, is nothing to compare with.
            Err(refusal) if refusal.code.kind() != Kind::Refusal => return,
            Err(refusal) if refusal.code == Code::SecretMaterialRejected => return,
            Err(refusal) => (None, Some(refusal.code)),
        };
        let past = PastCall { evidence, proposal, refused, intact: true };
        candidates.show(past, table);
    }

    async fn record_proposal(&self, draft: Box<Draft>, trail: Trail) -> Result<Answer, Refusal> {
        let Draft { change_set, context } = *draft;
        let (audit, evidence) = trail.finish();
        let evidence = evidence.ok_or_else(|| Refusal::bug("a proposal without evidence"))?;
        let mode = if self.shared.mode == Mode::Shadow { ProposalMode::Shadow } else { ProposalMode::Review };
        let proposal = Proposal::seal(
            ProposalId::mint(self.shared.ids.as_ref()),
            mode,
            change_set,
            evidence.evidence_id.clone(),
            evidence.digest().map_err(Refusal::bug)?,
            audit.at,
        )
        .map_err(Refusal::bug)?;
        let recorded = self
            .shared
            .notebook
            .record_proposal(proposal, evidence, audit)
            .await
            .map_err(|error| error.refusal())?;
        let change_set = &recorded.proposal.proposal.change_set;
        Ok(Answer::Proposal(Box::new(ProposalAnswer {
            capability: change_set.capability.clone(),
            diff: differences(change_set, self.visible_columns(&change_set.capability)),
            state: recorded.proposal.state,
            repeated: recorded.repeated,
            proposal: recorded.proposal.proposal,
            context,
        })))
    }
}

/// How a call ended, before its record is written.
enum Ending {
    Read(Box<ReadAnswer>),
    Proposal(Box<Draft>),
}

struct Draft {
    change_set: synapsor_protocol::ChangeSet,
    context: synapsor_protocol::TrustedContext,
}

//! Interviews about an inspected SQLite file, each held against the same decisions made by flags.

use super::super::tests::inspected;
use super::super::{DatabasePlace, draft};
use super::*;

/// Answers each question by the first of these that it offers; a line by its text.
fn hold(interview: &mut Interview<'_>, replies: &[&str]) -> Vec<String> {
    let mut questions = Vec::new();
    for reply in replies {
        let prompt = interview.prompt().expect("a question");
        questions.push(prompt.question.clone());
        let place = |choices: &[crate::init::Choice], wanted: &str| {
            choices
                .iter()
                .position(|choice| choice.value == wanted)
                .unwrap_or_else(|| panic!("{wanted} of {choices:?}"))
        };
        let reply = match &prompt.form {
            PromptForm::One(choices) => Reply::One(place(choices, reply)),
            PromptForm::Several { chosen, .. } if *reply == "as it is" => Reply::Several(chosen.clone()),
            PromptForm::Several { choices, .. } => {
                Reply::Several(reply.split(',').map(|wanted| place(choices, wanted)).collect())
            }
            PromptForm::Line { .. } => Reply::Line((*reply).to_owned()),
        };
        interview.answer(&reply).expect("an answer");
    }
    questions
}

const WAIVER: [&str; 12] = [
    "main.invoices",
    "propose",
    "tenant_id",
    "late_fee_cents,waiver_reason",
    "fixed",
    "0",
    "argument",
    "updated_at",
    "as it is",
    "billing",
    "fixed",
    "acme",
];

#[tokio::test]
async fn an_interview_leads_to_what_flags_say() {
    let found = inspected().await;
    let mut interview = Interview::new(Answers::default(), &found);
    hold(&mut interview, &WAIVER);
    hold(&mut interview, &["me"]);
    assert_eq!(interview.prompt(), None, "nothing is left to ask");
    let by_flags = Answers::read(
        r#"{ "namespace": "billing", "dev_tenant": "acme", "dev_principal": "me", "tables": [{
            "table": "main.invoices", "tenant_key": "tenant_id", "conflict_column": "updated_at",
            "patch": ["late_fee_cents=fixed:0", "waiver_reason=arg:waiver_reason"],
            "visible_columns": ["id", "tenant_id", "status", "late_fee_cents", "waiver_reason", "updated_at"]
        }] }"#,
    )
    .expect("answers");
    assert_eq!(interview.answers(), &by_flags);
    assert!(draft(interview.answers(), &DatabasePlace::File("./app.db".into()), &found).is_ok());
}

#[tokio::test]
async fn the_way_back_leads_through_every_question_to_the_first() {
    let found = inspected().await;
    let mut interview = Interview::new(Answers::default(), &found);
    let there = hold(&mut interview, &WAIVER);
    let mut back = Vec::new();
    while interview.back() {
        back.push(interview.prompt().expect("a question").question);
    }
    back.reverse();
    assert_eq!(back, there);
    assert_eq!(interview.answers(), &Answers::default(), "nothing of what was taken back is left");
}

#[tokio::test]
async fn what_is_known_is_not_asked() {
    let found = inspected().await;
    let known = r#"{ "namespace": "app", "tenant_env": "T", "tables": [{ "table": "invoices", "tenant_key": "tenant_id",
        "patch": ["status=arg:status"], "weak_guard": true }] }"#;
    let mut interview = Interview::new(Answers::read(known).expect("answers"), &found);
    assert_eq!(hold(&mut interview, &["as it is"]), ["Which columns are shown?"]);
    assert_eq!(interview.prompt(), None);
}

#[tokio::test]
async fn an_answer_that_is_none_is_refused_and_asked_again() {
    let found = inspected().await;
    let mut interview = Interview::new(Answers::default(), &found);
    let asked = interview.prompt();
    for wrong in
        [Reply::Several(Vec::new()), Reply::Several(vec![99]), Reply::One(0), Reply::Line("x".into())]
    {
        assert!(interview.answer(&wrong).is_err(), "{wrong:?}");
        assert_eq!(interview.prompt(), asked);
    }
    hold(&mut interview, &["main.invoices", "propose", "tenant_id", "late_fee_cents", "argument"]);
    assert_eq!(interview.answer(&Reply::Line("few".into())), Err("expected MIN:MAX".to_owned()));
    hold(&mut interview, &["0:100"]);
    assert_eq!(interview.answers().tables[0].numeric_bounds, ["late_fee_cents=0:100"]);
}

#[tokio::test]
async fn a_view_can_only_be_read() {
    let found = inspected().await;
    let mut interview = Interview::new(Answers::default(), &found);
    hold(&mut interview, &["main.open_invoices"]);
    let Some(Prompt { form: PromptForm::One(choices), .. }) = interview.prompt() else { panic!("a choice") };
    assert_eq!(choices.len(), 1, "{choices:?}");
}

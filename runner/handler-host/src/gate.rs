//! Looks at a component before the compiler does: what it imports, and whether it is built to break the compiler.
//!
//! The engine's linker does not police imports: it takes an empty instance of any name, and a newer minor version for an
//! older one. And it calls a component that takes the compiler 7 GB and a minute no bug of its own. So both are ours.
//!
//! Real guests stay well below every limit here; the largest are CPython (13,484 functions, 38 modules) and QuickJS with its
//! stubbed WASI (4 levels, 23 component instances).

use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentInstance, ComponentTypeRef, FunctionBody, Instance,
    Operator, Parser, Payload, TypeBounds, TypeRef,
};

use crate::allowance::{Allowance, Wasi};
use crate::error::Error;
use crate::limits::Limits;
use crate::notes::printable;
use crate::v0_1::GRANTED;
use crate::wasi;

const NESTING_MAX: u64 = 5;
const MODULES_MAX: u64 = 64;
const CORE_INSTANCES_MAX: u64 = 64;
const COMPONENT_INSTANCES_MAX: u64 = 64;
const DECLARATIONS_MAX: u64 = 10_000;
const FUNCTIONS_MAX: u64 = 50_000;
const CORE_ITEMS_MAX: u64 = 100_000;
const BODY_BYTES_MAX: u64 = 1024 * 1024;
const LOCALS_MAX: u64 = 2_000;
/// Locals times bytes of one body: what the register allocator's cost grows with.
const LOCALS_BY_BYTES_MAX: u64 = 100_000_000;
/// Blocks inside blocks of one body. The compiled switch over an interpreter's instructions has some hundreds.
const BLOCKS_NESTED_MAX: u64 = 5_000;
const CUSTOM_SECTIONS_MAX: u64 = 1_000;
const WASM_PAGE_BYTES: u64 = 64 * 1024;
/// How an object file begins, and what the engine puts in place of the system it is for (byte 7).
const OBJECT_FILE: &[u8] = b"\x7fELF";
const ENGINES_OWN: u8 = 200;

/// Whether the component may go to the compiler.
///
/// # Errors
/// [`Error::ImportNotGranted`] naming every import that is not granted, [`Error::NotAccepted`] for a count over its limit,
/// [`Error::Malformed`] for bytes that are no component.
pub(crate) fn inspect(
    component: &[u8],
    Allowance { limits, wasi }: &Allowance,
    bodies: Bodies,
) -> Result<(), Error> {
    if is_native_code(component) {
        return Err(not_accepted(
            "expected a component, found native code that was compiled from one; a bundle holds the component itself",
        ));
    }
    let mut seen = Seen { wasi: *wasi, bodies, ..Seen::default() };
    for payload in Parser::new(0).parse_all(component) {
        seen.take(payload.map_err(malformed)?, limits)?;
    }
    if seen.not_granted.is_empty() {
        Ok(())
    } else {
        Err(Error::ImportNotGranted { imports: seen.not_granted })
    }
}

/// Whether the functions' bodies are read. They are nearly all of a component, and their limits keep the compiler from harm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Bodies {
    /// The component goes to the compiler.
    #[default]
    Read,
    /// It went there already, through this gate, and what came of it is at hand.
    Known,
}

/// Whether somebody compiled it already. Nothing but the host's own cache may hold that.
fn is_native_code(file: &[u8]) -> bool {
    file.starts_with(OBJECT_FILE) && file.get(7) == Some(&ENGINES_OWN)
}

/// Counts over the whole file, nested modules and components included.
#[derive(Default)]
struct Seen {
    wasi: Wasi,
    bodies: Bodies,
    depth: u64,
    not_granted: Vec<String>,
    modules: u64,
    core_instances: u64,
    component_instances: u64,
    declarations: u64,
    functions: u64,
    core_items: u64,
    custom_sections: u64,
    /// Of the module being read.
    memories: u64,
}

impl Seen {
    fn take(&mut self, payload: Payload<'_>, limits: &Limits) -> Result<(), Error> {
        match payload {
            Payload::Version { .. } => {
                self.depth = self.depth.saturating_add(1);
                self.memories = 0;
                at_most("levels of nesting", self.depth, NESTING_MAX)
            }
            Payload::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Ok(())
            }
            Payload::ModuleSection { .. } => count(&mut self.modules, 1, "core modules", MODULES_MAX),
            Payload::ComponentImportSection(imports) if self.depth == 1 => self.imports(imports),
            Payload::InstanceSection(instances) => self.core_instances(instances),
            Payload::ComponentInstanceSection(instances) => self.component_instances(instances),
            Payload::ComponentCanonicalSection(functions) => self.canonical_functions(functions),
            Payload::ComponentTypeSection(types) => self.declared(types.count()),
            Payload::ComponentAliasSection(aliases) => self.declared(aliases.count()),
            Payload::ComponentExportSection(exports) => self.declared(exports.count()),
            Payload::ComponentStartSection { .. } => {
                Err(not_accepted("the component has a start section, which the world does not know"))
            }
            Payload::ImportSection(imports) => self.core_imports(imports),
            Payload::MemorySection(memories) => self.memories(memories, limits),
            Payload::TableSection(tables) => tables.into_iter().try_for_each(|table| {
                let initial = table.map_err(malformed)?.ty.initial;
                at_most("initial table elements", initial, limits.table_elements)
            }),
            Payload::TypeSection(types) => self.core_declared(types.count()),
            Payload::GlobalSection(globals) => self.core_declared(globals.count()),
            Payload::ExportSection(exports) => self.core_declared(exports.count()),
            Payload::ElementSection(elements) => self.core_declared(elements.count()),
            Payload::DataSection(segments) => self.core_declared(segments.count()),
            Payload::CodeSectionStart { count: bodies, .. } => {
                count(&mut self.functions, bodies.into(), "functions", FUNCTIONS_MAX)
            }
            Payload::CodeSectionEntry(body) if self.bodies == Bodies::Read => function_body(&body),
            Payload::CustomSection(_) => {
                count(&mut self.custom_sections, 1, "custom sections", CUSTOM_SECTIONS_MAX)
            }
            _ => Ok(()),
        }
    }

    fn imports(&mut self, imports: wasmparser::ComponentImportSectionReader<'_>) -> Result<(), Error> {
        self.declared(imports.count())?;
        for import in imports {
            let import = import.map_err(malformed)?;
            // The world uses types of an interface by their bare names, and guests import them so. Such an import is
            // another name for a type the component already has, and gives it nothing.
            if matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_))) {
                continue;
            }
            let name = import.name;
            let plain =
                name.implements.is_none() && name.version_suffix.is_none() && name.external_id.is_none();
            let granted =
                GRANTED.contains(&name.name) || (self.wasi == Wasi::DenyAll && wasi::offers(name.name));
            if !(plain && granted) {
                self.not_granted.push(printable(name.name, 200));
            }
        }
        Ok(())
    }

    fn core_instances(&mut self, instances: wasmparser::InstanceSectionReader<'_>) -> Result<(), Error> {
        self.declared(instances.count())?;
        for instance in instances {
            if let Instance::Instantiate { .. } = instance.map_err(malformed)? {
                count(&mut self.core_instances, 1, "core instances", CORE_INSTANCES_MAX)?;
            }
        }
        Ok(())
    }

    fn component_instances(
        &mut self,
        instances: wasmparser::ComponentInstanceSectionReader<'_>,
    ) -> Result<(), Error> {
        self.declared(instances.count())?;
        for instance in instances {
            if let ComponentInstance::Instantiate { .. } = instance.map_err(malformed)? {
                count(&mut self.component_instances, 1, "component instances", COMPONENT_INSTANCES_MAX)?;
            }
        }
        Ok(())
    }

    /// Text crosses as UTF-8 only: converting between encodings is where hosts have gone wrong.
    fn canonical_functions(
        &mut self,
        functions: wasmparser::ComponentCanonicalSectionReader<'_>,
    ) -> Result<(), Error> {
        self.declared(functions.count())?;
        for function in functions {
            let (CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. }) =
                function.map_err(malformed)?
            else {
                continue;
            };
            if options.iter().any(|o| matches!(o, CanonicalOption::UTF16 | CanonicalOption::CompactUTF16)) {
                return Err(not_accepted("expected text as UTF-8, found a component that passes UTF-16"));
            }
        }
        Ok(())
    }

    fn core_imports(&mut self, imports: wasmparser::ImportSectionReader<'_>) -> Result<(), Error> {
        for import in imports.into_imports() {
            self.core_declared(1)?;
            if let TypeRef::Memory(_) = import.map_err(malformed)?.ty {
                self.one_more_memory()?;
            }
        }
        Ok(())
    }

    fn memories(
        &mut self,
        memories: wasmparser::MemorySectionReader<'_>,
        limits: &Limits,
    ) -> Result<(), Error> {
        memories.into_iter().try_for_each(|memory| {
            self.one_more_memory()?;
            let initial = memory.map_err(malformed)?.initial.saturating_mul(WASM_PAGE_BYTES);
            at_most("bytes of initial memory", initial, limits.memory_bytes)
        })
    }

    /// The engine has several memories per module switched on for the adapters it makes between components; a guest's own
    /// modules have no use for them.
    fn one_more_memory(&mut self) -> Result<(), Error> {
        count(&mut self.memories, 1, "memory per core module", 1)
    }

    fn core_declared(&mut self, more: u32) -> Result<(), Error> {
        count(
            &mut self.core_items,
            more.into(),
            "types, imports, exports, globals and segments",
            CORE_ITEMS_MAX,
        )
    }

    fn declared(&mut self, more: u32) -> Result<(), Error> {
        count(&mut self.declarations, more.into(), "declarations", DECLARATIONS_MAX)
    }
}

fn function_body(body: &FunctionBody<'_>) -> Result<(), Error> {
    let range = body.range();
    let bytes = range.end.saturating_sub(range.start).try_into().unwrap_or(u64::MAX);
    at_most("bytes of one function", bytes, BODY_BYTES_MAX)?;
    let mut locals = 0_u64;
    for group in body.get_locals_reader().map_err(malformed)? {
        let (of_one_type, _) = group.map_err(malformed)?;
        count(&mut locals, of_one_type.into(), "locals of one function", LOCALS_MAX)?;
    }
    at_most("locals times bytes of one function", locals.saturating_mul(bytes), LOCALS_BY_BYTES_MAX)?;
    nested_blocks(body)
}

/// What cannot be read here is the compiler's to refuse.
fn nested_blocks(body: &FunctionBody<'_>) -> Result<(), Error> {
    let mut depth = 0_u64;
    for operator in body.get_operators_reader().map_err(malformed)? {
        match operator {
            Ok(
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::TryTable { .. },
            ) => {
                count(&mut depth, 1, "nested blocks of one function", BLOCKS_NESTED_MAX)?;
            }
            Ok(Operator::End) => depth = depth.saturating_sub(1),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    Ok(())
}

fn count(total: &mut u64, more: u64, what: &str, max: u64) -> Result<(), Error> {
    *total = total.saturating_add(more);
    at_most(what, *total, max)
}

fn at_most(what: &str, found: u64, max: u64) -> Result<(), Error> {
    if found <= max {
        Ok(())
    } else {
        Err(not_accepted(format!("expected at most {max} {what}, found {found}")))
    }
}

fn not_accepted(reason: impl Into<String>) -> Error {
    Error::NotAccepted { reason: reason.into() }
}

fn malformed(error: wasmparser::BinaryReaderError) -> Error {
    Error::Malformed { what: "the file is not a wasm component", source: error.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the gate says to a component in text form.
    fn check(component: &str) -> String {
        let bytes = wat::parse_str(component).expect("is a component");
        inspect(&bytes, &Limits::default().into(), Bodies::Read)
            .map_or_else(|error| error.to_string(), |()| "taken".to_owned())
    }

    fn function_with(locals: usize, drops: usize) -> String {
        let (locals, drops) = ("i64 ".repeat(locals), "(drop (i32.const 0))".repeat(drops));
        check(&format!("(component (core module (func (local {locals}) {drops})))"))
    }

    #[test]
    fn functions_that_would_break_the_compiler_are_refused() {
        assert_eq!(function_with(2_000, 1_000), "taken");
        assert_eq!(function_with(2_001, 0), "expected at most 2000 locals of one function, found 2001");
        assert!(function_with(2_000, 20_000).starts_with("expected at most 100000000 locals times bytes"));
        assert!(function_with(0, 400_000).starts_with("expected at most 1048576 bytes of one function"));
        let many = format!("(component (core module {}))", "(func)".repeat(50_001));
        assert_eq!(check(&many), "expected at most 50000 functions, found 50001");
    }

    #[test]
    fn what_the_engines_own_compiler_made_is_refused_in_words_of_its_own() {
        let component = wat::parse_str("(component (core module (func)))").expect("is a component");
        let engine = crate::wasm::compiler().expect("wasm compiles here");
        let native = engine.precompile_component(&component).expect("compiles");
        let said = |file: &[u8]| {
            inspect(file, &Limits::default().into(), Bodies::Read).map_err(|error| error.to_string())
        };
        let refused = said(&native).expect_err("is no component");
        assert!(refused.starts_with("expected a component, found native code"), "{refused}");
        let other = said(b"\x7fELF\x02\x01\x01\0\0\0\0\0").expect_err("is no component either");
        assert_eq!(other, "the file is not a wasm component");
    }

    #[test]
    fn what_is_compiled_already_is_held_to_everything_but_the_limits_of_bodies() {
        let check = |component: &str| {
            let bytes = wat::parse_str(component).expect("is a component");
            let said = inspect(&bytes, &Limits::default().into(), Bodies::Known);
            said.map_err(|error| error.to_string())
        };
        let locals = format!("(component (core module (func (local {}))))", "i64 ".repeat(2_001));
        assert_eq!(check(&locals), Ok(()));
        assert!(check("(component (core module (memory 513)))").is_err(), "the limits of this load");
        assert!(check(r#"(component (import "a:b/c" (instance)))"#).is_err(), "the grants of this load");
    }

    #[test]
    fn locals_of_several_types_are_summed() {
        let mixed = |groups: usize| {
            check(&format!("(component (core module (func (local {}))))", "i64 i32 ".repeat(groups)))
        };
        assert_eq!(mixed(1_000), "taken");
        assert_eq!(mixed(1_001), "expected at most 2000 locals of one function, found 2001");
    }

    #[test]
    fn a_component_that_multiplies_itself_is_refused() {
        let nested = |depth: usize| "(component ".repeat(depth) + &")".repeat(depth);
        assert_eq!(check(&nested(5)), "taken");
        assert_eq!(check(&nested(6)), "expected at most 5 levels of nesting, found 6");
        let instances = format!("(component (component $c) {})", "(instance (instantiate $c))".repeat(65));
        assert_eq!(check(&instances), "expected at most 64 component instances, found 65");
        let modules = format!("(component {})", "(core module)".repeat(65));
        assert_eq!(check(&modules), "expected at most 64 core modules, found 65");
        let types = format!("(component {})", "(type u8)".repeat(10_001));
        assert_eq!(check(&types), "expected at most 10000 declarations, found 10001");
    }

    #[test]
    fn a_module_has_one_memory_and_a_bounded_number_of_everything() {
        let module = |text: &str| check(&format!("(component (core module {text}) (core module {text}))"));
        assert_eq!(module("(memory 1)"), "taken");
        let two = "expected at most 1 memory per core module, found 2";
        assert_eq!(module("(memory 1) (memory 1)"), two);
        assert_eq!(module(r#"(import "a" "b" (memory 1)) (memory 1)"#), two);
        let globals = "(global i32 (i32.const 0))".repeat(50_001);
        let over = "expected at most 100000 types, imports, exports, globals and segments, found 100002";
        assert_eq!(module(&globals), over);
    }

    #[test]
    fn static_memory_and_tables_must_fit_the_limits() {
        assert_eq!(check("(component (core module (memory 512)))"), "taken");
        let over = "expected at most 33554432 bytes of initial memory, found 33619968";
        assert_eq!(check("(component (core module (memory 513)))"), over);
        assert_eq!(check("(component (core module (table 20000 funcref)))"), "taken");
        let over = "expected at most 20000 initial table elements, found 20001";
        assert_eq!(check("(component (core module (table 20001 funcref)))"), over);
    }

    #[test]
    fn a_type_by_its_bare_name_is_no_power_but_a_resource_is() {
        let import = |what: &str| {
            check(&format!(r#"(component (type $t (record (field "a" u8))) (import "t" {what}))"#))
        };
        assert_eq!(import("(type (eq $t))"), "taken");
        assert!(import("(type (sub resource))").starts_with("the component imports `t`"));
        assert!(import("(instance)").starts_with("the component imports `t`"));
    }

    #[test]
    fn what_a_nested_component_imports_is_its_parents_business() {
        assert_eq!(check(r#"(component (component (import "wasi:cli/stdout@0.2.0" (instance))))"#), "taken");
    }
}

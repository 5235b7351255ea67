//! The JSON schemas of the models (feature `schemars`) match the schemas of the contract.
//!
//! Every model is compared property by property with the contract as the server publishes it, which proves that generation loses
//! nothing. Differences that a pass of `build/normalize.rs` makes are listed in [`DIFFERENCES`].

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use std::collections::{BTreeMap, BTreeSet};

use heck::ToUpperCamelCase as _;
use lakefs::models;
use openapiv3::{
    AdditionalProperties, OpenAPI, ReferenceOr, Schema, SchemaKind, Type, VariantOrUnknownOrEmpty,
};
use schemars::SchemaGenerator;
use serde::Serialize;
use serde_json::{Map, Value};

/// Differences that are made on purpose: the pass, and the places that it changes.
const DIFFERENCES: &[(&str, &[&str])] = &[
    // The server omits what the contract requires.
    ("optional_if_omitted", &["PullRequest.description: required", "PullRequest.description: nullable"]),
    // The server validates, and may accept more than the contract says.
    (
        "no_validation",
        &[
            "AccessKeyCredentials.access_key_id: checks",
            "AccessKeyCredentials.secret_access_key: checks",
            "BranchProtectionRule.pattern: checks",
            "Commit.version: checks",
            "CommitRecordCreation.version: checks",
            "CopyPartSource.range: checks",
            "Pagination.max_per_page: checks",
            "Pagination.results: checks",
            "Policy.statement: checks",
            "RepositoryCreation.name: checks",
            "RepositoryCreation.storage_namespace: checks",
            "Statement.action: checks",
        ],
    ),
    // The server sets defaults, and may change them.
    (
        "no_defaults",
        &[
            "BranchCreation.force: default",
            "BranchCreation.hidden: default",
            "CherryPickCreation.force: default",
            "CommitCreation.allow_empty: default",
            "CommitCreation.force: default",
            "CommitRecordCreation.force: default",
            "ImportCreation.force: default",
            "Merge.allow_empty: default",
            "Merge.force: default",
            "Merge.squash_merge: default",
            "ObjectCopyCreation.force: default",
            "ObjectCopyCreation.shallow: default",
            "ObjectStageCreation.force: default",
            "RefsRestore.force: default",
            "RepositoryCreation.read_only: default",
            "RepositoryCreation.sample_data: default",
            "ResetCreation.force: default",
            "RevertCreation.allow_empty: default",
            "RevertCreation.force: default",
            "StagingMetadata.force: default",
            "TagCreation.force: default",
        ],
    ),
    // Bodies of errors are read into `lakefs::Error`.
    ("used_components_only", &["ErrorNoAcl: no model"]),
];

/// Registers the schemas of all models with these names.
macro_rules! models {
    ($($name:ident),* $(,)?) => {
        const MODELS: &[&str] = &[$(stringify!($name)),*];

        fn derived() -> Map<String, Value> {
            let mut generator = SchemaGenerator::default();
            $(generator.subschema_for::<models::$name>();)*
            generator.take_definitions(true)
        }
    };
}

models! {
    AbortPresignMultipartUpload, AccessKeyCredentials, Acl, ActionRun, ActionRunList, AuthCapabilities,
    AuthenticationToken, BranchCreation, BranchProtectionRule, BranchProtectionRuleDeletion,
    CapabilitiesConfig, CherryPickCreation,
    CommPrefsInput, Commit, CommitCreation, CommitList, CommitOverrides, CommitRecordCreation,
    CompletePresignMultipartUpload, Config, CopyPartSource, Credentials, CredentialsList,
    CredentialsWithSecret, CurrentUser, CustomViewer, Diff, DiffList, DiffObjectStat, Error,
    ExternalLoginInformation, ExternalPrincipal, ExternalPrincipalCreation, ExternalPrincipalList,
    ExternalPrincipalSettings, GarbageCollectionConfig,
    GarbageCollectionPrepareResponse, GarbageCollectionRule, GarbageCollectionRules, Group, GroupCreation,
    GroupList, HookRun, HookRunList, ImportCreation, ImportCreationResponse, ImportLocation, ImportStatus,
    InstallationUsageReport, LoginConfig, LoginInformation, Merge, MergeBase,
    MergeResult, ObjectCopyCreation, ObjectError, ObjectErrorList, ObjectStageCreation, ObjectStats,
    ObjectStatsList, ObjectUserMetadata, Pagination, PathList, Policy, PolicyCondition, PolicyList,
    PrepareGarbageCollectionCommitsStatus, PrepareGcUncommittedRequest, PrepareGcUncommittedResponse,
    PresignMultipartUpload, PullRequest, PullRequestBasic, PullRequestCreation, PullRequestCreationResponse,
    PullRequestsList, Ref, RefList, RefsDump, RefsRestore, Repository, RepositoryCreation,
    RepositoryDumpStatus, RepositoryList, RepositoryMetadata, RepositoryMetadataKeys, RepositoryMetadataSet,
    RepositoryRestoreStatus, ResetCreation, RevertCreation, Setup, SetupState, StagingLocation,
    StagingMetadata, Statement, StatsEvent, StatsEventsList, StorageConfig, StorageConfigList, StorageUri,
    StsAuthRequest, TagCreation, TaskCreation, TaskInfo, UiConfig, UnderlyingObjectProperties,
    UpdateObjectUserMetadata, UploadPart, UploadPartCopyFrom, UploadPartFrom, UploadTo, UsageReport, User,
    UserCreation, UserList, VersionConfig
}

#[test]
fn schema_of_every_model_matches_the_contract() {
    let contract: OpenAPI = serde_json::from_str(include_str!("../openapi/lakefs.json")).unwrap();
    let definitions = derived();
    let schemas = &contract.components.as_ref().unwrap().schemas;
    let mut differences = Vec::new();
    let mut compared = BTreeSet::new();
    for (name, schema) in schemas {
        let model = rust_name(name);
        match definitions.get(&model).filter(|_| MODELS.contains(&&*model)) {
            Some(definition) => {
                let expected = of_contract(&contract, schema, true);
                compare(&model, &expected, &of_derived(&definitions, definition), &mut differences);
                compared.insert(model);
            }
            None => differences.push(format!("{model}: no model")),
        }
    }
    // A body that the contract writes where it is used has no schema to compare with.
    let others: Vec<_> = MODELS.iter().filter(|model| !compared.contains(**model)).collect();
    assert_eq!(others, [&"BranchProtectionRuleDeletion"]);

    // `Model.property: aspect` is allowed whatever the two schemas say about the aspect.
    let allowed: Vec<&str> = DIFFERENCES.iter().flat_map(|(_, places)| *places).copied().collect();
    let unexpected: Vec<_> =
        differences.iter().filter(|found| !allowed.iter().any(|place| found.starts_with(place))).collect();
    let unused: Vec<_> =
        allowed.iter().filter(|place| !differences.iter().any(|found| found.starts_with(**place))).collect();
    assert!(unexpected.is_empty(), "differences:\n{unexpected:#?}");
    assert!(unused.is_empty(), "differences that are listed and do not exist:\n{unused:#?}");
}

/// The differences are those of passes.
#[test]
fn every_listed_difference_names_its_pass() {
    let readme = include_str!("../openapi/README.md");
    for (pass, places) in DIFFERENCES {
        assert!(readme.contains(&format!("| `{pass}` |")), "{pass}");
        assert!(!places.is_empty(), "{pass}");
    }
}

/// What a schema says, whoever wrote it.
#[derive(Debug, Default)]
struct Shape {
    kind: Kind,
    format: Option<String>,
    nullable: bool,
    /// Bounds and patterns.
    checks: BTreeSet<&'static str>,
    has_default: bool,
}

#[derive(Debug, Default)]
enum Kind {
    #[default]
    Any,
    Boolean,
    Integer,
    String,
    /// One of these words; open, if it may be another.
    Enum(BTreeSet<String>, bool),
    Array(Box<Shape>),
    Map(Box<Shape>),
    /// Properties, and whether they are required.
    Object(BTreeMap<String, (bool, Shape)>),
    /// A model.
    Reference(String),
}

fn compare(place: &str, expected: &Shape, derived: &Shape, differences: &mut Vec<String>) {
    let mut differ = |aspect: &str, expected: &dyn std::fmt::Debug, derived: &dyn std::fmt::Debug| {
        differences.push(format!("{place}: {aspect} {expected:?}, derived {derived:?}"));
    };
    if expected.nullable != derived.nullable {
        differ("nullable", &expected.nullable, &derived.nullable);
    }
    if expected.checks != derived.checks {
        differ("checks", &expected.checks, &derived.checks);
    }
    if expected.has_default && !derived.has_default {
        differ("default", &true, &false);
    }
    // An integer without a format has 64 bits.
    let int64 = || matches!(expected.kind, Kind::Integer).then(|| "int64".to_owned());
    let format = expected.format.clone().or_else(int64);
    if format != derived.format {
        differ("format", &format, &derived.format);
    }
    match (&expected.kind, &derived.kind) {
        (Kind::Any, Kind::Any)
        | (Kind::Boolean, Kind::Boolean)
        | (Kind::Integer, Kind::Integer)
        | (Kind::String, Kind::String) => {}
        (Kind::Reference(expected), Kind::Reference(derived)) if expected == derived => {}
        // Every enum of ours is open; the contract cannot say so.
        (Kind::Enum(expected, _), Kind::Enum(derived, true)) if expected == derived => {}
        (Kind::Array(expected), Kind::Array(derived)) => {
            compare(&format!("{place}[]"), expected, derived, differences);
        }
        (Kind::Map(expected), Kind::Map(derived)) => {
            compare(&format!("{place}{{}}"), expected, derived, differences);
        }
        (Kind::Object(expected), Kind::Object(derived)) => {
            let names: BTreeSet<&String> = expected.keys().chain(derived.keys()).collect();
            for name in names {
                let place = format!("{place}.{name}");
                match (expected.get(name), derived.get(name)) {
                    (Some((required, expected)), Some((derived_required, derived))) => {
                        if required != derived_required {
                            differences
                                .push(format!("{place}: required {required}, derived {derived_required}"));
                        }
                        compare(&place, expected, derived, differences);
                    }
                    (Some(_), None) => differences.push(format!("{place}: not derived")),
                    (None, _) => differences.push(format!("{place}: not in the contract")),
                }
            }
        }
        (expected, derived) => differ("type", expected, derived),
    }
}

/// The shape of a schema of the contract. `required` says whether it is one of a required property.
fn of_contract(contract: &OpenAPI, schema: &ReferenceOr<Schema>, required: bool) -> Shape {
    let schema = match schema {
        ReferenceOr::Item(schema) => schema,
        ReferenceOr::Reference { reference } => {
            let name = reference.rsplit('/').next().unwrap();
            return Shape { kind: Kind::Reference(rust_name(name)), nullable: !required, ..Shape::default() };
        }
    };
    let mut checks = BTreeSet::new();
    let mut check = |name, is_set| _ = is_set && checks.insert(name);
    let mut format = None;
    let kind = match &schema.schema_kind {
        // An object with `items`, which mean nothing there.
        SchemaKind::Any(any) if any.typ.as_deref() == Some("object") && any.properties.is_empty() => {
            Kind::Map(Box::default())
        }
        SchemaKind::Any(_) => Kind::Any,
        SchemaKind::Type(Type::Boolean(_)) => Kind::Boolean,
        SchemaKind::Type(Type::Integer(integer)) => {
            format = format_of(&integer.format);
            check("minimum", integer.minimum.is_some());
            check("maximum", integer.maximum.is_some());
            Kind::Integer
        }
        SchemaKind::Type(Type::String(string)) => {
            format = format_of(&string.format);
            check("pattern", string.pattern.is_some());
            check("minLength", string.min_length.is_some());
            check("maxLength", string.max_length.is_some());
            match string.enumeration.iter().flatten().cloned().collect::<BTreeSet<_>>() {
                words if words.is_empty() => Kind::String,
                words => Kind::Enum(words, false),
            }
        }
        SchemaKind::Type(Type::Array(array)) => {
            check("minItems", array.min_items.is_some());
            check("maxItems", array.max_items.is_some());
            let items = array.items.clone().map(ReferenceOr::unbox);
            Kind::Array(Box::new(
                items.map_or_else(Shape::default, |items| of_contract(contract, &items, true)),
            ))
        }
        SchemaKind::Type(Type::Object(object)) if object.properties.is_empty() => {
            Kind::Map(Box::new(match &object.additional_properties {
                Some(AdditionalProperties::Schema(schema)) => of_contract(contract, schema, true),
                _ => Shape::default(),
            }))
        }
        SchemaKind::Type(Type::Object(_)) | SchemaKind::AllOf { .. } => {
            let (mut properties, mut required) = (BTreeMap::new(), BTreeSet::new());
            collect(contract, schema, &mut properties, &mut required);
            let properties = properties.into_iter().map(|(name, schema)| {
                let is_required = required.contains(&name);
                let shape = of_contract(contract, &schema, is_required);
                (name, (is_required, shape))
            });
            Kind::Object(properties.collect())
        }
        other => panic!("not supported: {other:?}"),
    };
    // An optional property may be `null` in Rust, unless it is a collection, which is empty then.
    let is_collection = matches!(kind, Kind::Array(_) | Kind::Map(_));
    let nullable = schema.schema_data.nullable || (!required && !is_collection);
    Shape { kind, format, nullable, checks, has_default: schema.schema_data.default.is_some() }
}

/// Collects the properties of an object, through `allOf`.
fn collect(
    contract: &OpenAPI,
    schema: &Schema,
    properties: &mut BTreeMap<String, ReferenceOr<Schema>>,
    required: &mut BTreeSet<String>,
) {
    match &schema.schema_kind {
        SchemaKind::Type(Type::Object(object)) => {
            properties.extend(
                object.properties.iter().map(|(name, schema)| (name.clone(), schema.clone().unbox())),
            );
            required.extend(object.required.iter().cloned());
        }
        // A part that only says what is required has no type.
        SchemaKind::Any(any) => required.extend(any.required.iter().cloned()),
        SchemaKind::AllOf { all_of } => {
            for part in all_of {
                match part {
                    ReferenceOr::Item(part) => collect(contract, part, properties, required),
                    ReferenceOr::Reference { reference } => {
                        let schemas = &contract.components.as_ref().unwrap().schemas;
                        let target = &schemas[reference.rsplit('/').next().unwrap()];
                        collect(contract, target.as_item().unwrap(), properties, required);
                    }
                }
            }
        }
        other => panic!("not supported: {other:?}"),
    }
}

fn format_of<T: Serialize>(format: &VariantOrUnknownOrEmpty<T>) -> Option<String> {
    match format {
        VariantOrUnknownOrEmpty::Item(format) => {
            Some(serde_json::to_value(format).unwrap().as_str().unwrap().to_owned())
        }
        VariantOrUnknownOrEmpty::Unknown(format) => Some(format.clone()),
        VariantOrUnknownOrEmpty::Empty => None,
    }
}

/// The name of the model of a schema.
fn rust_name(schema: &str) -> String {
    match schema {
        // The pass `renamed_schemas`.
        "FindMergeBaseResult" => "MergeBase".to_owned(),
        _ => schema.to_upper_camel_case(),
    }
}

/// The shape of a schema that is derived from a model.
fn of_derived(definitions: &Map<String, Value>, schema: &Value) -> Shape {
    if let Some(name) =
        schema.get("$ref").and_then(Value::as_str).map(|path| path.rsplit('/').next().unwrap())
    {
        // Enums are types of their own in Rust only.
        return if MODELS.contains(&name) {
            Shape { kind: Kind::Reference(name.to_owned()), ..Shape::default() }
        } else {
            of_derived(definitions, &definitions[name])
        };
    }
    let alternatives = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key)?.as_array());
    if let Some(alternatives) = alternatives {
        let is_null = |schema: &&Value| schema["type"] == "null";
        let nullable = alternatives.iter().any(|schema| is_null(&schema));
        let mut shapes = alternatives
            .iter()
            .filter(|schema| !is_null(schema))
            .map(|schema| of_derived(definitions, schema));
        let first = shapes.next().unwrap();
        return Shape { nullable, ..shapes.fold(first, alternative) };
    }

    let (mut types, mut nullable) = (Vec::new(), false);
    for name in
        schema.get("type").into_iter().flat_map(|ty| ty.as_array().cloned().unwrap_or(vec![ty.clone()]))
    {
        if name == "null" { nullable = true } else { types.push(name.as_str().unwrap().to_owned()) }
    }
    let words = schema
        .get("const")
        .into_iter()
        .chain(schema.get("enum").and_then(Value::as_array).into_iter().flatten());
    let words: BTreeSet<String> = words.filter_map(|word| word.as_str().map(String::from)).collect();
    let additional = schema.get("additionalProperties");
    let kind = match (types.first().map(String::as_str), schema.get("properties").and_then(Value::as_object))
    {
        (None, _) => Kind::Any,
        (Some("boolean"), _) => Kind::Boolean,
        (Some("integer"), _) => Kind::Integer,
        (Some("string"), _) if words.is_empty() => Kind::String,
        (Some("string"), _) => Kind::Enum(words, false),
        (Some("array"), _) => Kind::Array(Box::new(of_derived(definitions, &schema["items"]))),
        (Some("object"), None) => Kind::Map(Box::new(
            additional.map_or_else(Shape::default, |schema| of_derived(definitions, schema)),
        )),
        (Some("object"), Some(properties)) => {
            assert!(additional.is_none(), "{schema}");
            let required = schema.get("required").and_then(Value::as_array);
            let is_required =
                |name: &String| required.is_some_and(|names| names.iter().any(|other| other == name));
            let shape = |(name, schema): (&String, &Value)| {
                (name.clone(), (is_required(name), of_derived(definitions, schema)))
            };
            Kind::Object(properties.iter().map(shape).collect())
        }
        other => panic!("not supported: {other:?}"),
    };
    let all_checks = ["pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems"];
    Shape {
        kind,
        format: schema.get("format").and_then(Value::as_str).map(String::from),
        nullable,
        checks: all_checks.into_iter().filter(|check| schema.get(check).is_some()).collect(),
        has_default: schema.get("default").is_some(),
    }
}

/// Joins two alternatives: the words of an enum, and any other word.
fn alternative(first: Shape, second: Shape) -> Shape {
    let kind = match (first.kind, second.kind) {
        (Kind::Enum(mut words, open), Kind::Enum(others, others_open)) => {
            words.extend(others);
            Kind::Enum(words, open || others_open)
        }
        (Kind::Enum(words, _), Kind::String) | (Kind::String, Kind::Enum(words, _)) => {
            Kind::Enum(words, true)
        }
        other => panic!("not supported: {other:?}"),
    };
    Shape { kind, ..first }
}

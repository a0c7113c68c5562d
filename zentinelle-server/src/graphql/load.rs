//! Builds the schema that is served out of the contract and the resolvers.
//!
//! There is none when a root field has no resolver, or a resolver no field.

use std::sync::Arc;

use async_graphql::dynamic::{
    Directive, Enum, EnumItem, Field, FieldFuture, FieldValue, InputObject, InputValue, Object, ResolverContext,
    Schema, Subscription, SubscriptionField, SubscriptionFieldFuture, TypeRef,
};
use async_graphql::{Error, Name, Value};
use async_graphql_parser::Positioned;
use async_graphql_parser::types::{BaseType, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind};
use futures_util::StreamExt as _;

use super::ask::{Ask, Resolvers};
use super::contract::{Contract, ContractError, Guard, ROOTS, core, has_argument, is_list};
use super::payload::Shape;
use super::{NOT_YET, error, guard, scalars};
use crate::auth::Caller;
use crate::http::error::ApiError;

/// What is said of a list that has no pages.
const BOUNDED: &str = "Holds at most 500 entries; the connection of the same subject has pages, totals and sorting.";

/// Builds the schema.
pub(crate) fn schema(
    contract: &Arc<Contract>,
    resolvers: &Resolvers,
    introspection: bool,
) -> Result<Schema, ContractError> {
    for name in resolvers.fields.keys().chain(resolvers.feeds.keys()) {
        let known = name.split_once('.').and_then(|(parent, field)| contract.field(parent, field));
        known.ok_or_else(|| ContractError::Missing(format!("field `{name}` for its resolver")))?;
    }
    let mut builder = Schema::build("Query", Some("Mutation"), Some("Subscription"));
    for (name, definition) in &contract.types {
        builder = match &definition.kind {
            TypeKind::Scalar => {
                let scalar = scalars::scalar(name)
                    .ok_or_else(|| ContractError::Missing(format!("check for the scalar `{name}`")))?;
                builder.register(match words(definition) {
                    Some(words) => scalar.description(words),
                    None => scalar,
                })
            }
            TypeKind::Enum(values) => {
                let items = values.values.iter().map(|value| EnumItem::new(value.node.value.node.as_str()));
                let built = Enum::new(name).items(items);
                builder.register(match words(definition) {
                    Some(words) => built.description(words),
                    None => built,
                })
            }
            TypeKind::InputObject(input) => {
                let mut built = InputObject::new(name);
                for field in &input.fields {
                    built = built.field(argument(&field.node));
                }
                builder.register(match words(definition) {
                    Some(words) => built.description(words),
                    None => built,
                })
            }
            TypeKind::Object(_) if name == "Subscription" => builder.register(feeds(contract, resolvers)?),
            TypeKind::Object(_) => {
                let mut built = Object::new(name);
                if let Some(words) = words(definition) {
                    built = built.description(words);
                }
                for field in contract.fields(name) {
                    built = built.field(plain_or_resolved(contract, resolvers, name, &field)?);
                }
                builder.register(built)
            }
            TypeKind::Interface(_) | TypeKind::Union(_) => {
                return Err(ContractError::Missing(format!("support for the kind of type `{name}` is")));
            }
        };
    }
    builder = builder.limit_recursive_depth(64);
    if !introspection {
        builder = builder.disable_introspection().disable_suggestions();
    }
    builder.finish().map_err(|error| ContractError::Unsound(error.to_string()))
}

fn words(definition: &TypeDefinition) -> Option<String> {
    definition.description.as_ref().map(|words| words.node.clone())
}

fn type_ref(ty: &Type) -> TypeRef {
    let base = match &ty.base {
        BaseType::Named(name) => TypeRef::named(name.as_str()),
        BaseType::List(inner) => TypeRef::List(Box::new(type_ref(inner))),
    };
    if ty.nullable { base } else { TypeRef::NonNull(Box::new(base)) }
}

fn argument(definition: &InputValueDefinition) -> InputValue {
    let mut input = InputValue::new(definition.name.node.as_str(), type_ref(&definition.ty.node));
    if let Some(words) = &definition.description {
        input = input.description(words.node.clone());
    }
    if let Some(default) = &definition.default_value {
        input = input.default_value(default.node.clone());
    }
    input
}

fn guard_directive(guard: &Guard) -> Directive {
    Directive::new("guard")
        .argument("may", Value::from(guard.may.to_string()))
        .argument("least", Value::Enum(Name::new(guard.least.name().to_ascii_uppercase())))
}

/// A field with a resolver of its own, or one that is read from its object by name.
fn plain_or_resolved(
    contract: &Arc<Contract>,
    resolvers: &Resolvers,
    parent: &str,
    definition: &FieldDefinition,
) -> Result<Field, ContractError> {
    let name = format!("{parent}.{}", definition.name.node);
    let is_root = ROOTS.contains(&parent);
    let ty = type_ref(&definition.ty.node);
    let resolver = resolvers.fields.get(&name).cloned();
    let field = definition.name.node.to_string();
    let mut built = if is_root {
        let who = contract.guards.get(&name).cloned().ok_or_else(|| ContractError::Unguarded(name.clone()))?;
        if resolver.is_none() && !NOT_YET.contains(&field.as_str()) {
            return Err(ContractError::Missing(format!("resolver for `{name}`")));
        }
        let shape = (parent == "Mutation").then(|| Shape::of(contract, core(&definition.ty.node)));
        let directive = guard_directive(&who);
        let uuids = Arc::new(uuid_paths(contract, &definition.arguments));
        let built = Field::new(field, ty, move |ctx| {
            let (who, resolver, shape, uuids) = (who.clone(), resolver.clone(), shape.clone(), uuids.clone());
            FieldFuture::new(async move {
                let caller = guard::admit(&who, ctx.ctx.data_opt::<Caller>()).map_err(error::Refusal::into_error)?;
                let Some(resolver) = resolver else {
                    return Err(error::coded("This is not implemented yet.", "NOT_IMPLEMENTED"));
                };
                let (ask, arguments) = (ask(&ctx, caller)?, arguments(&ctx));
                let answer = async {
                    check_arguments(&uuids, &arguments)?;
                    resolver(ask, arguments).await
                };
                let outcome = answer.await;
                answered(match shape {
                    None => outcome,
                    Some(shape) => shape.payload(outcome),
                })
            })
        });
        built.directive(directive)
    } else if let Some(resolver) = resolver {
        Field::new(field, ty, move |ctx| {
            let resolver = resolver.clone();
            FieldFuture::new(async move {
                let caller = ctx.ctx.data_opt::<Caller>().cloned();
                let caller = caller.ok_or_else(|| error::Refusal::Unauthenticated.into_error())?;
                let ask = ask(&ctx, caller)?;
                answered(resolver(ask, arguments(&ctx)).await)
            })
        })
    } else {
        Field::new(field.clone(), ty, move |ctx| FieldFuture::Value(member(ctx.parent_value, &field)))
    };
    let mut said = definition.description.as_ref().map(|words| words.node.clone());
    if parent == "Query" && is_list(&definition.ty.node) && !has_argument(&definition.arguments, "first") {
        said = Some(said.map_or_else(|| BOUNDED.to_owned(), |said| format!("{said} {BOUNDED}")));
    }
    if let Some(words) = said {
        built = built.description(words);
    }
    for input in &definition.arguments {
        built = built.argument(argument(&input.node));
    }
    Ok(built)
}

/// The subscriptions.
fn feeds(contract: &Arc<Contract>, resolvers: &Resolvers) -> Result<Subscription, ContractError> {
    let mut built = Subscription::new("Subscription");
    for definition in contract.fields("Subscription") {
        let name = format!("Subscription.{}", definition.name.node);
        let feed = resolvers.feeds.get(&name).cloned();
        if feed.is_none() && !NOT_YET.contains(&definition.name.node.as_str()) {
            return Err(ContractError::Missing(format!("resolver for `{name}`")));
        }
        let who = contract.guards.get(&name).cloned().ok_or_else(|| ContractError::Unguarded(name.clone()))?;
        let mut field = SubscriptionField::new(
            definition.name.node.as_str(),
            type_ref(&definition.ty.node),
            move |ctx: ResolverContext<'_>| {
                let (who, feed) = (who.clone(), feed.clone());
                SubscriptionFieldFuture::new(async move {
                    let caller =
                        guard::admit(&who, ctx.ctx.data_opt::<Caller>()).map_err(error::Refusal::into_error)?;
                    let Some(feed) = feed else {
                        return Err(error::coded("This is not implemented yet.", "NOT_IMPLEMENTED"));
                    };
                    let ask = ask(&ctx, caller)?;
                    let items = feed(ask, arguments(&ctx)).await.map_err(|failed| error::of(&failed))?;
                    Ok(items.map(|item| match item {
                        Ok(item) => value(item),
                        Err(failed) => Err(error::of(&failed)),
                    }))
                })
            },
        );
        if let Some(words) = &definition.description {
            field = field.description(words.node.clone());
        }
        for input in &definition.arguments {
            field = field.argument(argument(&input.node));
        }
        built = built.field(field);
    }
    Ok(built)
}

/// The question a resolver is asked.
fn ask(ctx: &ResolverContext<'_>, caller: Caller) -> Result<Ask, Error> {
    let base = ctx.ctx.data::<super::Shared>()?;
    let parent = ctx.parent_value.as_value().cloned().unwrap_or_default();
    let selected = ctx.ctx.field().selection_set().map(|field| field.name().to_owned()).collect();
    Ok(Ask {
        app: base.app.clone(),
        caller,
        parent: Arc::new(parent.into_json().unwrap_or_default()),
        loader: base.loader.clone(),
        selected: Arc::new(selected),
    })
}

fn arguments(ctx: &ResolverContext<'_>) -> serde_json::Value {
    let given = ctx.args.as_index_map().iter();
    given.map(|(name, value)| (name.to_string(), value.clone().into_json().unwrap_or_default())).collect()
}

/// Where the arguments of a field hold UUIDs, as JSON pointers.
fn uuid_paths(contract: &Contract, arguments: &[Positioned<InputValueDefinition>]) -> Vec<String> {
    let mut paths = Vec::new();
    for argument in arguments {
        let (name, ty) = (&argument.node.name.node, core(&argument.node.ty.node));
        if ty == "UUID" {
            paths.push(format!("/{name}"));
        }
        if let Some(TypeKind::InputObject(input)) = contract.types.get(ty).map(|known| &known.kind) {
            let inner = input.fields.iter().filter(|field| core(&field.node.ty.node) == "UUID");
            paths.extend(inner.map(|field| format!("/{name}/{}", field.node.name.node)));
        }
    }
    paths
}

fn check_arguments(paths: &[String], arguments: &serde_json::Value) -> Result<(), ApiError> {
    // No database keeps it, so nothing can be found by it.
    if crate::service::fields::has_nul(arguments) {
        return Err(ApiError::invalid("arguments", "hold a NUL character"));
    }
    let wrong = paths.iter().find(|path| !arguments.pointer(path).is_none_or(scalars::is_uuid));
    match wrong {
        Some(path) => Err(ApiError::invalid(&path.replace('/', "."), "is no UUID")),
        None => Ok(()),
    }
}

fn answered(outcome: Result<serde_json::Value, ApiError>) -> Result<Option<FieldValue<'static>>, Error> {
    match outcome {
        Ok(serde_json::Value::Null) => Ok(None),
        Ok(found) => Ok(Some(FieldValue::value(value(found)?))),
        Err(failed) => Err(error::of(&failed)),
    }
}

fn value(found: serde_json::Value) -> Result<Value, Error> {
    Value::from_json(found).map_err(|failed| error::of(&ApiError::Internal(failed.to_string())))
}

/// A member of an object, by name.
fn member(parent: &FieldValue<'_>, name: &str) -> Option<FieldValue<'static>> {
    match parent.as_value() {
        Some(Value::Object(object)) => match object.get(name) {
            None | Some(Value::Null) => None,
            Some(found) => Some(FieldValue::value(found.clone())),
        },
        _ => None,
    }
}

using Flotilla.Cel.Checking;
using Flotilla.Cel.Macros;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>Authorization checks: a chain of methods describes the question, <c>check</c> asks it.</summary>
internal sealed class AuthorizerLibrary : ICelLibrary
{
    private static readonly CelType Authorizer = CelAuthorizer.AuthorizerType;
    private static readonly CelType PathCheck = CelAuthorizer.Named("PathCheck");
    private static readonly CelType GroupCheck = CelAuthorizer.Named("GroupCheck");
    private static readonly CelType ResourceCheck = CelAuthorizer.ResourceCheckType;
    private static readonly CelType Decision = CelAuthorizer.Named("Decision");

    public IEnumerable<CelType> Types => [Authorizer, PathCheck, GroupCheck, ResourceCheck, Decision];

    public void AddTo(FunctionTable functions, MacroTable macros, RegexCache regexes)
    {
        Narrow(functions, "path", "authorizer_path", Authorizer, PathCheck, (query, path) => query with { Path = path }, "path must not be empty");
        Narrow(functions, "group", "authorizer_group", Authorizer, GroupCheck, (query, group) => query with { Group = group });
        Narrow(functions, "resource", "groupcheck_resource", GroupCheck, ResourceCheck, (query, resource) => query with { Resource = resource }, "resource must not be empty");
        Narrow(functions, "subresource", "resourcecheck_subresource", ResourceCheck, ResourceCheck, (query, part) => query with { Subresource = part });
        Narrow(functions, "namespace", "resourcecheck_namespace", ResourceCheck, ResourceCheck, (query, name) => query with { Namespace = name });
        Narrow(functions, "name", "resourcecheck_name", ResourceCheck, ResourceCheck, (query, name) => query with { Name = name });
        Narrow(functions, "fieldSelector", "authorizer_fieldselector", ResourceCheck, ResourceCheck, (query, selector) => query with { FieldSelector = selector });
        Narrow(functions, "labelSelector", "authorizer_labelselector", ResourceCheck, ResourceCheck, (query, selector) => query with { LabelSelector = selector });
        functions.Member("serviceAccount", "authorizer_serviceaccount", [Authorizer, CelType.String, CelType.String], Authorizer,
            values => ServiceAccount((CheckValue)values[0], StringLibrary.Of(values[1]), StringLibrary.Of(values[2])));
        AddChecks(functions);
    }

    private static void AddChecks(FunctionTable functions)
    {
        Implementation check = values => ((CheckValue)values[0]).Ask(StringLibrary.Of(values[1]));
        functions.Member("check", "pathcheck_check", [PathCheck, CelType.String], Decision, check);
        functions.Member("check", "resourcecheck_check", [ResourceCheck, CelType.String], Decision, check);
        functions.Method<DecisionValue>("allowed", "decision_allowed", Decision, CelType.Bool, decision => BoolValue.Of(decision.Answer.Allowed));
        functions.Method<DecisionValue>("reason", "decision_reason", Decision, CelType.String, decision => new StringValue(decision.Answer.Reason));
        functions.Method<DecisionValue>("errored", "decision_errored", Decision, CelType.Bool, decision => BoolValue.Of(decision.Answer.Error is not null));
        functions.Method<DecisionValue>("error", "decision_error", Decision, CelType.String, decision => new StringValue(decision.Answer.Error ?? ""));
    }

    private static void Narrow(
        FunctionTable functions, string name, string id, CelType from, CelType to,
        Func<CelAuthorizationQuery, string, CelAuthorizationQuery> narrow, string? whenEmpty = null) =>
        functions.Member(name, id, [from, CelType.String], to, values =>
            whenEmpty is not null && string.IsNullOrWhiteSpace(StringLibrary.Of(values[1])) ? new ErrorValue(whenEmpty)
            : ((CheckValue)values[0]).As(to, query => narrow(query, StringLibrary.Of(values[1]))));

    private static CelValue ServiceAccount(CheckValue check, string space, string name) =>
        Formats.All["dns1123Subdomain"].Check(name).Any() ? new ErrorValue("Invalid service account name")
        : Formats.All["dns1123Label"].Check(space).Any() ? new ErrorValue("Invalid service account namespace")
        : check.As(Authorizer, query => query with { ServiceAccount = (space, name) });

    internal sealed class CheckValue(CelType type, ICelAuthorizer authorizer, CelAuthorizationQuery query) : OpaqueValue(type)
    {
        public CheckValue As(CelType next, Func<CelAuthorizationQuery, CelAuthorizationQuery> narrow) => new(next, authorizer, narrow(query));

        public DecisionValue Ask(string verb) => new(authorizer.Check(query with { Verb = verb }));

        internal override bool IsEqualTo(CelValue other) => ReferenceEquals(this, other);
    }

    internal sealed class DecisionValue(CelDecision answer) : OpaqueValue(Decision)
    {
        public CelDecision Answer => answer;

        internal override bool IsEqualTo(CelValue other) => other is DecisionValue decision && decision.Answer == answer;
    }
}

using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Server.Authorization;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Audit;

/// <summary>How much is told of a request; each level tells more than the one before it.</summary>
public enum AuditLevel
{
    None,
    Metadata,
    Request,
    RequestResponse,
}

/// <summary>What the policy says of one request.</summary>
public sealed record AuditDecision(AuditLevel Level, IReadOnlySet<string> OmittedStages, bool OmitManagedFields);

/// <summary>Which requests are logged, and how fully: the first rule that matches decides, none means not at all.</summary>
public sealed class AuditPolicy
{
    private readonly IReadOnlyList<AuditRule> rules;

    private AuditPolicy(IReadOnlyList<AuditRule> rules) => this.rules = rules;

    /// <exception cref="InvalidDataException">Not a policy; all that is wrong is listed.</exception>
    public static AuditPolicy Parse(ReadOnlySpan<byte> text)
    {
        var policy = YamlReader.Parse(text) as JsonObject ?? [];
        var problems = new List<string>();
        if (policy.String("kind") != "Policy" || policy.String("apiVersion") != "audit.k8s.io/v1")
        {
            problems.Add("it must be of kind Policy, audit.k8s.io/v1");
        }

        var found = policy.Objects("rules").ToList();
        if (found.Count == 0)
        {
            problems.Add("rules: at least one is needed");
        }

        problems.AddRange(found.Select((rule, i) => (rule, i)).Where(pair => !Enum.TryParse<AuditLevel>(pair.rule.String("level"), out _)).Select(pair => $"rules[{pair.i}].level: must be one of None, Metadata, Request, RequestResponse"));
        return problems.Count > 0
            ? throw new InvalidDataException($"The audit policy is invalid: {string.Join("; ", problems)}.")
            : new AuditPolicy([.. found.Select(rule => AuditRule.FromJson(rule, policy))]);
    }

    public AuditDecision? Decide(RequestUser user, AccessAttributes wanted)
    {
        foreach (var rule in rules)
        {
            if (rule.Matches(user, wanted))
            {
                return rule.Decision.Level == AuditLevel.None ? null : rule.Decision;
            }
        }

        return null;
    }
}

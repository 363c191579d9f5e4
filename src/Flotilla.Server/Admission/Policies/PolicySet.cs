using System.Text.Json.Nodes;
using Flotilla.Api.Kinds;
using Flotilla.Server.Admission.Expressions;
using Flotilla.Server.Admission.Matching;
using Flotilla.Server.Authorization;
using Flotilla.Storage;

namespace Flotilla.Server.Admission.Policies;

/// <summary>A policy that concerns a request, with one of its bindings and one of that binding's parameters.</summary>
internal sealed record PolicyCase(AdmissionPolicy Policy, PolicyBinding? Binding, ExpressionRun? Run, string? Problem);

/// <summary>The policies of one sort, and which of them a request meets.</summary>
internal sealed class PolicySet(IStore store, Kind policyKind, Kind bindingKind, MatchContext context, PolicyParams parameters, Authorizer authorizer)
{
    private readonly CompiledObjects<AdmissionPolicy> policies = new(store, policyKind.StoragePrefix, AdmissionPolicy.From);
    private readonly CompiledObjects<PolicyBinding> bindings = new(store, bindingKind.StoragePrefix, PolicyBinding.From);

    /// <summary>Whether there is any policy at all.</summary>
    public async ValueTask<bool> HasAnyAsync(CancellationToken cancellationToken) => (await policies.ListAsync(cancellationToken)).Count > 0;

    /// <summary>Every case in the order of the policies' and bindings' names. What could not be set up has a problem instead of a run.</summary>
    public async IAsyncEnumerable<PolicyCase> CasesAsync(AdmissionRequest request, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Exemption.Covers(request))
        {
            yield break;
        }

        var all = await policies.ListAsync(cancellationToken);
        var bound = all.Count == 0 ? [] : await bindings.ListAsync(cancellationToken);
        foreach (var policy in all)
        {
            var own = bound.Where(binding => binding.Policy == policy.Name).ToList();
            if (own.Count == 0 || await policy.Match.MatchAsync(request, context, cancellationToken) is not { } matched)
            {
                continue;
            }

            foreach (var binding in own)
            {
                if (binding.Match is null || await binding.Match.NarrowsToAsync(request, context, cancellationToken))
                {
                    foreach (var found in await RunsAsync(policy, binding, request, matched, cancellationToken))
                    {
                        yield return found;
                    }
                }
            }
        }
    }

    private async ValueTask<IReadOnlyList<PolicyCase>> RunsAsync(AdmissionPolicy policy, PolicyBinding binding, AdmissionRequest request, Kind matched, CancellationToken cancellationToken)
    {
        IReadOnlyList<JsonObject?> found;
        try
        {
            found = await parameters.FindAsync(policy.ParamKind, binding.ParamRef, request, cancellationToken);
        }
        catch (PolicyConfigurationException problem)
        {
            return [new PolicyCase(policy, binding, null, $"failed to configure binding: {problem.Message}")];
        }

        var facts = await AdmissionFacts.ReadAsync(request, matched, context, cancellationToken);
        var asked = new AskedAuthorizer(authorizer, request.User);
        return [.. found.Select(parameter => new PolicyCase(policy, binding, new ExpressionRun(facts, asked, policy.Variables, parameter), null))];
    }
}

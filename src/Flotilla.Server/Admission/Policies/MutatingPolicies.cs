using Flotilla.Api;
using Flotilla.Server.Admission.Expressions;
using Flotilla.Server.Authorization;

namespace Flotilla.Server.Admission.Policies;

/// <summary>Changes objects as the cluster's mutating policies say, one after the other; each sees what those before it have done.</summary>
internal sealed class MutatingPolicies(PolicySet policies, Authorizer authorizer) : IAdmissionPlugin
{
    private const string Sort = "MutatingAdmissionPolicy";

    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!await policies.HasAnyAsync(cancellationToken))
        {
            return;
        }

        var seen = request.Reinvocation.StateOf<HashSet<string>>(this);
        await foreach (var found in policies.CasesAsync(request, cancellationToken))
        {
            // In the second round only those look again that want to, and have looked before.
            var id = $"{found.Policy.Name}/{found.Binding?.Name}";
            if (request.Reinvocation.IsRepeat && !(found.Policy.IsReinvoked && seen.Contains(id)))
            {
                continue;
            }

            seen.Add(id);
            if (await TryApplyAsync(request, found, cancellationToken) is { } problem && !found.Policy.IgnoresFailures)
            {
                throw PolicyRefusal.Of(request, Sort, found, problem, "Invalid");
            }
        }
    }

    /// <summary>What kept the policy from being applied; null: nothing.</summary>
    private async ValueTask<string?> TryApplyAsync(AdmissionRequest request, PolicyCase found, CancellationToken cancellationToken)
    {
        if (found.Run is not { } run)
        {
            return found.Problem;
        }

        run = run.WithFacts(await run.Facts.AgainAsync(cancellationToken), new AskedAuthorizer(authorizer, request.User));
        var (met, error) = await found.Policy.Conditions.EvaluateAsync(run, cancellationToken);
        if (!met)
        {
            return error;
        }

        try
        {
            foreach (var mutation in found.Policy.Mutations)
            {
                var facts = run.Facts;
                if (await mutation.ApplyAsync(run, cancellationToken) is { } next && await facts.AdoptAsync(next, cancellationToken))
                {
                    request.Reinvocation.Want();
                }

                run = run.WithFacts(await facts.AgainAsync(cancellationToken), new AskedAuthorizer(authorizer, request.User));
            }

            return null;
        }
        catch (PolicyConfigurationException problem)
        {
            return problem.Message;
        }
        catch (ApiException problem)
        {
            return problem.Message;
        }
    }
}

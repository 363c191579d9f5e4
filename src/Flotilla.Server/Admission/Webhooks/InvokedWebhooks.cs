using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Server.Admission.Webhooks;

/// <summary>Which webhooks of one request are called again, because the object changed after they had seen it.</summary>
internal sealed class InvokedWebhooks
{
    private readonly HashSet<string> called = new(StringComparer.Ordinal);
    private readonly HashSet<string> again = new(StringComparer.Ordinal);
    private JsonObject? output;

    public void BeginRound(AdmissionRequest request)
    {
        // In the second round the built-in plugins ran first: if they changed something, everybody looks again.
        if (request.Reinvocation.IsRepeat && output is not null && !output.SameAs(request.Object))
        {
            CallAgain();
        }
    }

    public void EndRound(AdmissionRequest request) => output = request.Object.Copy();

    /// <summary>No webhook is called for the first time in the second round.</summary>
    public bool MayCall(AdmissionRequest request, Webhook hook) => !request.Reinvocation.IsRepeat || again.Contains(hook.Id);

    public void Changed(AdmissionRequest request)
    {
        CallAgain();
        request.Reinvocation.Want();
    }

    public void Called(Webhook hook)
    {
        if (hook.IsReinvoked)
        {
            called.Add(hook.Id);
        }
    }

    private void CallAgain()
    {
        again.UnionWith(called);
        called.Clear();
    }
}

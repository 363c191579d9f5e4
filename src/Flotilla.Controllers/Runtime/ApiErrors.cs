using Flotilla.Api;

namespace Flotilla.Controllers;

internal static class ApiErrors
{
    /// <summary>Nothing can be created any more in a namespace that is being deleted, and nothing needs to be.</summary>
    public static bool IsNamespaceEnding(this ApiException error) =>
        error.Status.Details?.Causes?.Any(cause => cause.Reason == "NamespaceTerminating") == true;
}

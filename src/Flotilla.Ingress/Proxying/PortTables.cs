using Flotilla.Ingress.Ingresses;

namespace Flotilla.Ingress.Proxying;

/// <summary>Which ports are to be open, and what each of them knows. Without routes there are none.</summary>
internal static class PortTables
{
    public static IReadOnlyList<PortTable> For(IngressOptions options, IngressModel ingresses)
    {
        if (ingresses.Ingresses.Count == 0)
        {
            return [];
        }

        return
        [
            new PortTable(options.HttpPort, [ingresses.Router], null),
            new PortTable(options.HttpsPort, [ingresses.Router], ingresses.Certificates),
        ];
    }
}

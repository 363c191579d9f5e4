using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Flotilla.Api.Kinds.Certificates;

/// <summary>A PKCS#10 request, taken apart; its signature has been checked.</summary>
public sealed record SigningRequest(CertificateRequest Request, string CommonName, IReadOnlyList<string> Organizations, AlternativeNames Names)
{
    private const string Label = "CERTIFICATE REQUEST";
    private const string NamesOid = "2.5.29.17";

    /// <summary>Null, and why, when these bytes are no such request in PEM.</summary>
    public static SigningRequest? Parse(ReadOnlySpan<byte> pem, out string problem)
    {
        problem = "";
        var text = Encoding.ASCII.GetString(pem);
        if (!PemEncoding.TryFind(text, out var fields) || text[fields.Label] != Label)
        {
            problem = $"PEM block type must be {Label}";
            return null;
        }

        try
        {
            var request = CertificateRequest.LoadSigningRequestPem(
                text[fields.Location], HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions, RSASignaturePadding.Pkcs1);
            var subject = request.SubjectName.EnumerateRelativeDistinguishedNames().ToList();
            return new SigningRequest(request, Values(subject, "2.5.4.3").LastOrDefault() ?? "", [.. Values(subject, "2.5.4.10")], NamesOf(request));
        }
        catch (Exception error) when (error is CryptographicException or AsnContentException or ArgumentException)
        {
            problem = error.Message;
            return null;
        }
    }

    private static IEnumerable<string> Values(IEnumerable<X500RelativeDistinguishedName> subject, string type) =>
        subject.Where(part => !part.HasMultipleElements && part.GetSingleElementType().Value == type).Select(part => part.GetSingleElementValue() ?? "");

    private static AlternativeNames NamesOf(CertificateRequest request)
    {
        var names = new AlternativeNames([], [], [], []);
        if (request.CertificateExtensions.FirstOrDefault(extension => extension.Oid?.Value == NamesOid) is not { } found)
        {
            return names;
        }

        var list = new AsnReader(found.RawData, AsnEncodingRules.DER).ReadSequence();
        while (list.HasData)
        {
            var tag = list.PeekTag();
            switch (tag.TagValue)
            {
                case 1:
                    names.Emails.Add(list.ReadCharacterString(UniversalTagNumber.IA5String, tag));
                    break;
                case 2:
                    names.Dns.Add(list.ReadCharacterString(UniversalTagNumber.IA5String, tag));
                    break;
                case 6:
                    names.Uris.Add(list.ReadCharacterString(UniversalTagNumber.IA5String, tag));
                    break;
                case 7:
                    names.Addresses.Add(new IPAddress(list.ReadOctetString(tag)));
                    break;
                default:
                    list.ReadEncodedValue();
                    break;
            }
        }

        return names;
    }
}

/// <summary>What else a certificate's subject is called.</summary>
public sealed record AlternativeNames(IList<string> Dns, IList<IPAddress> Addresses, IList<string> Emails, IList<string> Uris);

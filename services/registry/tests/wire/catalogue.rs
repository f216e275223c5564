//! The practice catalogue and the skill taxonomy, through the wire.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn everybody_who_is_known_reads_the_practices_and_skills_in_pages() {
    let registry = registry().await;
    let somebody = PersonId::of(70).to_string();
    for mut reader in
        [registry.clinic(), registry.recorder(), registry.operator(), registry.person(&somebody)]
    {
        let mut practices = vec![];
        let mut page_token = String::new();
        loop {
            let page =
                read!(reader, list_practices, ListPracticesRequest { page_size: 20, page_token: page_token })
                    .unwrap();
            assert!(page.practices.len() <= 20);
            practices.extend(page.practices);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(practices.len(), kernel::practice::PRACTICES.len());
        let ips = practices.iter().find(|practice| practice.code == "ips").unwrap();
        assert_eq!((ips.evidence(), ips.evidence_source.is_empty()), (pb::Evidence::Best, false));
        let cbt = practices.iter().find(|practice| practice.code == "cbt").unwrap();
        assert_eq!((cbt.evidence(), cbt.evidence_source.as_str()), (pb::Evidence::NotGraded, ""));

        let all = read!(reader, list_skills, ListSkillsRequest {}).unwrap();
        assert_eq!((all.skills.len(), all.next_page_token.as_str()), (29, ""));
        let money = &all.skills[1];
        let told = (money.code.as_str(), money.group(), money.sharing());
        assert_eq!(told, ("money", pb::SkillGroup::Practical, pb::SkillSharing::Complementary));
        assert!(money.source.contains("S3"), "{}", money.source);
        let cooking = all.skills.iter().find(|skill| skill.code == "cooking").unwrap();
        assert!(cooking.source.contains("this system's default"), "{}", cooking.source);
    }
    let first = read!(registry.clinic(), list_skills, ListSkillsRequest { page_size: 7 }).unwrap();
    let page_token = first.next_page_token.clone();
    let next =
        read!(registry.clinic(), list_skills, ListSkillsRequest { page_size: 7, page_token: page_token })
            .unwrap();
    assert_eq!(next.skills[0].code, "interviewing");
    let foreign =
        read!(registry.clinic(), list_practices, ListPracticesRequest { page_token: first.next_page_token });
    assert_eq!(foreign.unwrap_err().code(), Code::InvalidArgument, "a token fits its own list alone");
}
